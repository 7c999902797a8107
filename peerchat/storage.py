"""The static file storage of production."""

from servestatic.storage import CompressedManifestStaticFilesStorage


class StaticStorage(CompressedManifestStaticFilesStorage):
    """Hashed, compressed files, in which imports between ES modules use the hashed names."""

    support_js_module_import_aggregation = True
