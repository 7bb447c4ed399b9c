package web

import "strings"

// Header is one header of a response.
type Header struct{ Name, Value string }

// Policy returns the Content-Security-Policy of a page: everything that it loads and calls is of its own origin, and
// text becomes script or markup only in the named places. A page that scans may compile WebAssembly, with which it
// reads codes.
func Policy(scans bool) string {
	script := "'self'"
	if scans {
		script += " 'wasm-unsafe-eval'"
	}
	return "default-src 'none'; script-src " + script + "; style-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; " +
		"connect-src 'self'; manifest-src 'self'; worker-src 'self'; font-src 'none'; object-src 'none'; base-uri 'none'; " +
		"form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types lit-html railgate"
}

// WorkerPolicy is the Content-Security-Policy of a service worker's script. It imports two scripts by constant paths,
// which trusted types would refuse, and handles no text.
const WorkerPolicy = "default-src 'none'; script-src 'self'; connect-src 'self'; frame-ancestors 'none'"

// permitted are the features of a browser that the pages use. off are those that they do not use and that browsers
// would let them use.
var (
	permitted = []string{"camera", "geolocation", "screen-wake-lock", "fullscreen", "autoplay"}
	off       = []string{
		"accelerometer", "browsing-topics", "clipboard-read", "display-capture", "encrypted-media", "gamepad", "gyroscope",
		"hid", "idle-detection", "local-fonts", "magnetometer", "microphone", "midi", "payment", "publickey-credentials-get", "serial",
		"storage-access", "usb", "window-management", "xr-spatial-tracking",
	}
)

func permissions() string {
	var all []string
	for _, feature := range permitted {
		all = append(all, feature+"=(self)")
	}
	for _, feature := range off {
		all = append(all, feature+"=()")
	}
	return strings.Join(all, ", ")
}

// Headers returns the headers of every file of a page, besides those that depend on its content. Samples for
// proxies have the same. Strict-Transport-Security is the proxy's: it knows whether the name has TLS.
func Headers(scans bool) []Header {
	return []Header{
		{"Cache-Control", "no-cache"},
		{"Content-Security-Policy", Policy(scans)}, // of scripts too: a worker has that of its script
		{"Cross-Origin-Resource-Policy", "same-origin"},
		{"Referrer-Policy", "no-referrer"},
		{"Vary", "Accept-Encoding"},
		{"X-Content-Type-Options", "nosniff"},
	}
}

// DocumentHeaders returns the further headers of files that a browser can show as a page. Other files would only carry
// them: 0.7 kB each, which HTTP/1.1 does not compress.
func DocumentHeaders() []Header {
	return []Header{
		{"Cross-Origin-Opener-Policy", "same-origin"},
		{"Permissions-Policy", permissions()},
		{"X-Frame-Options", "DENY"},
	}
}

func (s *file) headers() []Header {
	all := append(Headers(s.scans), Header{"Content-Type", s.kind})
	if s.kind == kinds[".html"] || s.kind == kinds[".svg"] {
		all = append(all, DocumentHeaders()...)
	}
	if s.scope != "" {
		all = append(all, Header{"Content-Security-Policy", WorkerPolicy}, Header{"Service-Worker-Allowed", s.scope})
	}
	return all
}
