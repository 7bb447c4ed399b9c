package main

import (
	"net/http"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/railgate/railgate/issuance/throttle"
)

// ignoredEvery bounds how often an ignored header is said.
const ignoredEvery = time.Minute

// forwarded notices headers that say who is behind a proxy and that nobody believes:
// without trusted_proxies everybody behind a proxy is one caller, and shares one
// rate and one count of failures.
type forwarded struct {
	next    http.Handler
	proxies throttle.Proxies
	log     *zap.Logger
	said    atomic.Int64 // Unix nanoseconds
}

func (f *forwarded) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if all := r.Header.Values("X-Forwarded-For"); len(all) > 0 && f.ignored(r.RemoteAddr, all) {
		now, last := time.Now().UnixNano(), f.said.Load()
		if now-last >= int64(ignoredEvery) && f.said.CompareAndSwap(last, now) {
			f.log.Warn("X-Forwarded-For ignored: it came from an address that is not among trusted_proxies; if your proxy sent it, set trusted_proxies, or all passengers count as one caller")
		}
	}
	f.next.ServeHTTP(w, r)
}

// ignored reports whether the header makes no difference.
func (f *forwarded) ignored(remote string, headers []string) bool {
	with, err := f.proxies.Caller(remote, headers)
	without, err2 := f.proxies.Caller(remote, nil)
	return err == nil && err2 == nil && with == without
}
