"""
Dead letters afterwards: found, shown, and what they stand for driven once more through the current code.

letters     a letter as it is read back, and where it lies
selection   which letters: as a query, and as a question to one letter
letterbox   where letters lie; stream and shelf are the real ones
stream      … in the data stream
shelf       … in the last resort
cases       what is to be read again for some letters, and what becomes of them
objects     reads an object again, as the pipeline does
originals   what a letter itself holds, where its object is gone
presence    which documents are there already, in whatever backing index
courier     delivers the documents and the new letters
opening     builds the parts from the configuration
redriving   puts these together: read it first
queues      messages of a dead-letter queue back to where they came from
"""
