"""The static file storage of production."""

from servestatic.storage import CompressedManifestStaticFilesStorage


class StaticStorage(CompressedManifestStaticFilesStorage):
    """Hashed, compressed files; imports between ES modules are rewritten to the hashed names."""

    support_js_module_import_aggregation = True
