"""
Logs of RDS as rules for databases call them: by the names of MySQL's audit log and of activity streams.

https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/AuroraMySQL.Auditing.html
https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/DBActivityStreams.AuditLog.html

Sigma names no fields of databases: its rules look for words of a statement, in any field.
"""

from typing import Final

from shipper.sigma.logsource import LogSource

_OURS: Final = "aws.rds"

DATABASES: Final = LogSource(
    name="rds_logs",
    rules=({"category": "database"}, {"product": "aws", "service": "rds_logs"}),
    datasets=("aws.rds_logs",),
    fields={
        "clientApplication": f"{_OURS}.application",
        "command": f"{_OURS}.command",
        "commandText": f"{_OURS}.statement.text",
        "connectionid": f"{_OURS}.connection.id",
        "database": f"{_OURS}.database",
        "databaseName": f"{_OURS}.database",
        "dbUserName": "user.name",
        "objectName": f"{_OURS}.object.name",
        "objectType": f"{_OURS}.object.type",
        "queryid": f"{_OURS}.query_id",
        "retcode": f"{_OURS}.return_code",
        "serverhost": f"{_OURS}.server.name",
        "sessionId": f"{_OURS}.session.id",
        "username": "user.name",
    },
    addresses={"host": "source", "remoteHost": "source"},
)
