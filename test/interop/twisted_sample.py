"""The recipe's sample application on plain twisted.web: prints its own address, wants a slash at its end, reads /vhost/."""

import sys

from twisted.internet import reactor
from twisted.web import server, vhost
from twisted.web.resource import Resource


class MyPage(Resource):
    """Any child is this page again; the text is the address as twisted.web calculates it."""

    def getChild(self, path, request):
        return self

    def render_GET(self, request):
        # prepath holds every consumed segment, an empty last one for a trailing slash.
        here = request.prePathURL()
        if request.prepath and request.prepath[-1] != b"":
            _, mark, query = request.uri.partition(b"?")
            request.redirect(here + b"/" + mark + query)
            return b""
        request.setHeader(b"content-type", b"text/plain")
        return here


class VhostFakeRoot(Resource):
    """Peels /vhost/ off before anything else sees it, as the recipe's wrapper does."""

    def __init__(self, wrapped):
        super().__init__()
        self.wrapped = wrapped

    def getChild(self, path, request):
        if path == b"vhost":
            return vhost.VHostMonsterResource()
        return self.wrapped.getChild(path, request)


def main():
    port = reactor.listenTCP(0, server.Site(VhostFakeRoot(MyPage())), interface="127.0.0.1")
    print("listening on %d" % port.getHost().port, flush=True)
    reactor.run()


if __name__ == "__main__":
    sys.exit(main())
