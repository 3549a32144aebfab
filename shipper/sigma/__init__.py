"""
Sigma rules as searches over our data streams: a processing pipeline for pySigma.

https://sigmahq.io/docs/digging-deeper/pipelines.html

logsource     what a log source of Sigma is to us
taxonomy      all of them: which is which dataset, and where its fields are in our documents; a module for each kind
definition    taxonomy → the pipeline as a document, and the file of it that `sigma convert` takes
plugin        the same as a plugin, found by its name where this package and sigma-cli are installed together

Only `plugin` needs pySigma (the extra `sigma`): everybody else can use the file, with any installation of sigma-cli.
"""

from shipper.sigma.definition import definition, generated

__all__ = ["definition", "generated"]
