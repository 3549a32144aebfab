"""
Putting templates and retention policies into a cluster, and seeing whether they are there.

step         what was done, or would be done, to one thing
templates    the templates: written when they differ, never over those of a newer shipper
retention    the policies, in the same way; without the plugin for them that is said
streams      data streams whose mapping is no longer that of the templates are rolled over
conflicts    templates of others that would take our data streams
installing   all of it in order: read this first
"""

from shipper.install.conflicts import Conflict, conflicts
from shipper.install.installing import install
from shipper.install.step import Change, Step
from shipper.install.templates import Unfit, missing_templates, unfit_templates

__all__ = ["Change", "Conflict", "Step", "Unfit", "conflicts", "install", "missing_templates", "unfit_templates"]
