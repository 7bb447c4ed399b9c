package main

import (
	"context"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/railgate/railgate/internal/process"
	"github.com/railgate/railgate/issuance/httpapi"
	"github.com/railgate/railgate/web"
)

const (
	proxied      = 64               // requests to the gateway at once
	proxyTimeout = 15 * time.Second // until the gateway's response begins
)

// pages returns the pages of the issuer.
func (a addresses) pages() httpapi.Pages {
	if a.folder != "" {
		return web.IssuerFrom(a.folder)
	}
	return web.Issuer()
}

// startHandheld serves the handheld's page, as a station's proxy does beside a gateway.
func (h *system) startHandheld(ctx context.Context, a addresses, log *zap.Logger) error {
	listener, err := listen(a.handheld, &h.handheld)
	if err != nil {
		return err
	}
	gateway, err := newStationProxy(h.beijing.url)
	if err != nil {
		return err
	}
	var pages httpapi.Pages = web.Handheld()
	if a.folder != "" {
		pages = web.HandheldFrom(a.folder)
	}
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/v1/") && r.URL.RawPath == "" {
			gateway.ServeHTTP(w, r)
			return
		}
		if !pages.Has(r) {
			http.NotFound(w, r)
			return
		}
		pages.ServeHTTP(w, r)
	})
	h.parts.Go(func() error { return process.ServeHTTP(ctx, httpapi.NewServer("", handler, log), listener, drain) })
	h.handheldHere = h.handheld
	if h.lan != nil {
		h.handheld, err = h.lan.serve(ctx, h, listener, handler, log)
	}
	return err
}

// stationProxy forwards requests to a gateway. A handheld waits for each answer, so it has one request in progress, or
// two.
type stationProxy struct {
	forward *httputil.ReverseProxy
	slots   chan struct{}
}

func newStationProxy(gateway string) (*stationProxy, error) {
	to, err := url.Parse(gateway)
	if err != nil {
		return nil, err
	}
	return &stationProxy{
		slots: make(chan struct{}, proxied),
		forward: &httputil.ReverseProxy{
			Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(to) },
			Transport: &http.Transport{MaxConnsPerHost: proxied, MaxIdleConnsPerHost: proxied, IdleConnTimeout: time.Minute, ResponseHeaderTimeout: proxyTimeout},
			ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) {
				http.Error(w, "502 the gateway does not answer", http.StatusBadGateway)
			},
		},
	}, nil
}

// ServeHTTP implements [http.Handler].
func (p *stationProxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	select {
	case p.slots <- struct{}{}:
		defer func() { <-p.slots }()
		p.forward.ServeHTTP(w, r)
	default:
		http.Error(w, "503 too many requests are in progress", http.StatusServiceUnavailable)
	}
}
