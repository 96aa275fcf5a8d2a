# Varnish 7 in front of Dateline. Fill in what stands between @ and @, and start it like this:
#
#     varnishd -f /etc/varnish/dateline.vcl -a :80 -s malloc,1g -p http_gzip_support=off
#
# http_gzip_support=off, because Dateline compresses by itself, in br and zstd as well. xkey comes
# with varnish-modules. Let Dateline know whom to tell of changes:
#
#     DATELINE_PURGE_URL=http://this.host/ DATELINE_PURGE_METHOD=PURGE DATELINE_PURGE_TOKEN=@PURGE_TOKEN@

vcl 4.1;

import std;
import xkey;

backend dateline {
    .host = "@DATELINE_HOST@";
    .port = "@DATELINE_PORT@";
}

acl dateline_nodes {
    "@DATELINE_HOST@";
}

sub vcl_recv {
    if (req.method == "PURGE") {
        if (client.ip !~ dateline_nodes || req.http.Authorization != "Bearer @PURGE_TOKEN@") {
            return (synth(403));
        }
        set req.http.Purged = xkey.purge(req.http.Surrogate-Key);
        return (synth(200, "Purged " + req.http.Purged));
    }
    if (req.url ~ "^/metrics(\?|$)") {
        return (synth(404));
    }

    # Answers to a key are for its owner alone; and nobody waits for another's stream.
    if (req.http.Authorization || req.http.X-Api-Key || req.url ~ "^/v1/(stream|changes)") {
        return (pass);
    }

    # What means the same to Dateline is one thing here, too.
    unset req.http.Cookie;
    set req.url = std.querysort(req.url);
    if (req.http.Accept !~ "(?i)(rss|atom|feed|ninjs|iptc|csv|ld\+json|markdown)") {
        unset req.http.Accept;
    }
    if (req.http.Accept-Encoding !~ "(?i)q\s*=") {
        if (req.http.Accept-Encoding ~ "(?i)(^|[\s,])zstd([\s,]|$)") {
            set req.http.Accept-Encoding = "zstd";
        } elseif (req.http.Accept-Encoding ~ "(?i)(^|[\s,])br([\s,]|$)") {
            set req.http.Accept-Encoding = "br";
        } elseif (req.http.Accept-Encoding ~ "(?i)(^|[\s,])gzip([\s,]|$)") {
            set req.http.Accept-Encoding = "gzip";
        } else {
            unset req.http.Accept-Encoding;
        }
    }
}

sub vcl_backend_response {
    set beresp.http.xkey = beresp.http.Surrogate-Key;

    # As long as the answer says, and not ten seconds longer.
    if (beresp.http.Cache-Control !~ "stale-while-revalidate") {
        set beresp.grace = 0s;
    }
    # What is older is not given out, but need not be sent again if it has not changed.
    set beresp.keep = 10m;

    # Not to be kept: an error, or an answer in the last second before a story comes out.
    if (beresp.ttl <= 0s) {
        set beresp.uncacheable = true;
        set beresp.ttl = 1s;
        return (deliver);
    }
}

sub vcl_deliver {
    unset resp.http.xkey;

    # A reader may have several answers, or any; Varnish compares with one.
    if (req.http.If-None-Match && resp.http.ETag) {
        if (req.http.If-None-Match == "*" || std.strstr(req.http.If-None-Match, resp.http.ETag)) {
            set req.http.If-None-Match = resp.http.ETag;
        }
    }

    if (obj.hits > 0) {
        set resp.http.X-Cache = "HIT";
    } else {
        set resp.http.X-Cache = "MISS";
    }
}
