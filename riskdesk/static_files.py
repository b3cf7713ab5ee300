"""Static files as production serves them: hashed names, compressed, for ever.

Scripts are ES modules that import one another: their imports get hashed names too, so that a page never runs
new and old modules together.
"""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class HashedModules(CompressedManifestStaticFilesStorage):
    support_js_module_import_aggregation = True
