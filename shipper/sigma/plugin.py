"""
The pipeline as a plugin of pySigma.

The wheel has this module a second time, as `sigma.pipelines.s3_siem_shipper`: that is where pySigma looks for
pipelines, and the name of the function is the pipeline's: `sigma convert -t opensearch_lucene -p s3_siem_shipper`.
"""

from sigma.processing.pipeline import ProcessingPipeline

from shipper.sigma.definition import definition

__all__ = ["s3_siem_shipper"]


def s3_siem_shipper() -> ProcessingPipeline:
    """Give the pipeline that makes Sigma rules into searches over our data streams."""
    return ProcessingPipeline.from_dict(definition())
