"""
Index templates, made from the Structs that documents are made of.

ecs_list      what ECS says of each of its fields, read from `mappings/ecs.csv`
fields        a document's Struct → its fields, each with a type
aliases       further names of fields, for OpenSearch Security Analytics
flavour       fields → mappings as one product takes them; `opensearch` and `elasticsearch` are the two there are
templates     all of it → templates, in the order in which they are installed
files         the templates as files, for people, and the list of fields
"""
