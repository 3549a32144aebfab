"""
Log sources of Sigma, by their datasets of ours, and where the fields of their rules are in our documents.

https://sigmahq.io/docs/basics/log-sources.html
https://github.com/SigmaHQ/sigma-specification/blob/main/specification/sigma-appendix-taxonomy.md

Rules for a log of AWS (`product: aws`) name it by the last part of its dataset, and use the names that AWS gives to the
members of a record, or those of W3C for requests over HTTP. Rules for a kind of log, such as DNS, use Sigma's names.
"""

from typing import Final

from shipper.sigma.cloudtrail import CLOUDTRAIL
from shipper.sigma.databases import DATABASES
from shipper.sigma.dns import DNS
from shipper.sigma.findings import FINDINGS
from shipper.sigma.vpcflow import VPCFLOW
from shipper.sigma.waf import WAF
from shipper.sigma.web import WEB

LOG_SOURCES: Final = (CLOUDTRAIL, *DNS, VPCFLOW, WAF, *WEB, *FINDINGS, DATABASES)
"""What rules can be converted for."""
