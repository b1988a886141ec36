"""How JupyterLab reads a lesson when the course opened it: as its kernel would leave it, so that no tab begins unsaved.

A kernel tells JupyterLab its language and version, which JupyterLab puts into a notebook that says otherwise: it counts
as edited before anybody touched it. Here that is said at once, and the file stays as it is until it is saved.
"""

from ipykernel.ipkernel import IPythonKernel
from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager


class Lessons(AsyncLargeFileManager):
    """JupyterLab's own way to files, but for what a notebook says of its language."""

    async def get(self, path, content=True, type=None, format=None, **options):
        """A file as Jupyter's model of it."""
        model = await super().get(path, content=content, type=type, format=format, **options)
        if model["type"] == "notebook" and model["content"]:
            model["content"]["metadata"]["language_info"] = dict(IPythonKernel.language_info)
        return model
