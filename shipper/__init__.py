"""Ships AWS security logs from S3 to OpenSearch as ECS documents."""

__version__ = "0.1.0"
