package web

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

const sampleName = "handheld.example.org"

// The samples of deploy/proxy have every header of a file, with its value.
func TestSamplesOfProxiesHaveTheHeaders(t *testing.T) {
	for _, name := range []string{"nginx.conf", "Caddyfile"} {
		text, err := os.ReadFile("../deploy/proxy/" + name)
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range slices.Concat(Headers(true), DocumentHeaders(), []Header{{"Content-Security-Policy", WorkerPolicy}}) {
			if h.Name == "Vary" && name == "nginx.conf" {
				h = Header{"gzip_vary", "on"}
			}
			if !strings.Contains(string(text), h.Name) || !strings.Contains(string(text), h.Value) {
				t.Errorf("%s does not set %s: %s", name, h.Name, h.Value)
			}
		}
	}
}

// The servers of the samples give every file the headers that this package gives it, and forward the rest to the
// gateway.
func TestProxiesServeTheExport(t *testing.T) {
	for name, start := range map[string]func(string) *exec.Cmd{
		"nginx.conf": func(file string) *exec.Cmd {
			return exec.Command("nginx", "-c", file, "-e", file+".log", "-g", "daemon off;")
		},
		"Caddyfile": func(file string) *exec.Cmd {
			return exec.Command("caddy", "run", "--config", file, "--adapter", "caddyfile")
		},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := exec.LookPath(start("").Path); err != nil {
				if os.Getenv("RAILGATE_CI") != "" {
					t.Fatal(err)
				}
				t.Skip(err)
			}
			f := Handheld()
			if len(f.Missing()) > 0 {
				f = open(small(), handheld)
			}
			get := startProxy(t, name, f, start)
			for at := range f.files {
				for _, encoding := range []string{"identity", "gzip"} {
					compareFile(t, f, get, at, encoding)
				}
			}
			comparePaths(t, get)
		})
	}
}

// compareFile compares the proxy's response for a file with this package's.
func compareFile(t *testing.T, f *Face, get func(string, ...string) (*http.Response, string), at, encoding string) {
	t.Helper()
	want := httptest.NewRecorder()
	r := httptest.NewRequest("GET", at, nil)
	r.Header.Set("Accept-Encoding", encoding)
	f.ServeHTTP(want, r)
	got, body := get(at, "Accept-Encoding", encoding)
	if got.StatusCode != http.StatusOK || body != want.Body.String() {
		t.Fatalf("%s: %d, %d bytes, want %d", at, got.StatusCode, len(body), want.Body.Len())
	}
	for key := range want.Header() {
		if key == "Vary" && f.files[at].gzip == nil || key == "Content-Length" && encoding == "gzip" {
			continue // a file with one form does not vary; Caddy leaves out the length of compressed ones
		}
		if key != "Etag" && got.Header.Get(key) != want.Header().Get(key) {
			t.Errorf("%s (%s): %s is %q, want %q", at, encoding, key, got.Header.Get(key), want.Header().Get(key))
		}
		if len(got.Header.Values(key)) != 1 {
			t.Errorf("%s (%s): %s: %q", at, encoding, key, got.Header.Values(key))
		}
	}
	for _, h := range DocumentHeaders() {
		if got.Header.Get(h.Name) != want.Header().Get(h.Name) {
			t.Errorf("%s: %s is %q", at, h.Name, got.Header.Get(h.Name))
		}
	}
	if !strings.HasPrefix(got.Header.Get("Strict-Transport-Security"), "max-age=") || got.Header.Get("ETag") == "" {
		t.Errorf("%s: %v", at, got.Header)
	}
	if again, _ := get(at, "Accept-Encoding", encoding, "If-None-Match", got.Header.Get("ETag")); again.StatusCode != http.StatusNotModified {
		t.Errorf("%s: a file that the browser has: %d", at, again.StatusCode)
	}
}

// comparePaths checks what is forwarded, moved and not served.
func comparePaths(t *testing.T, get func(string, ...string) (*http.Response, string)) {
	t.Helper()
	r, body := get("/v1/bundle?train=G1", "Authorization", "Bearer x", "Cookie", "a=b")
	if r.StatusCode != http.StatusTeapot || body != "/v1/bundle?train=G1 Bearer x " || r.Header.Get("X-Gateway") != "yes" || r.Header.Get("Content-Security-Policy") != "" ||
		r.Header.Get("Strict-Transport-Security") == "" {
		t.Errorf("a request to the gateway: %d %q %v", r.StatusCode, body, r.Header)
	}
	for at, want := range map[string]int{
		"/": 308, "/handheld": 308, "/handheld/index.html": 404, "/handheld/app.js.gz": 404, "/handheld/nothing": 404, "/ui/": 404, "/npm": 404,
		"/metrics": 404, "/passenger/app.js": 404, "/.git": 404, "/ui/..%2f..%2f..%2fetc/passwd": 404,
	} {
		if r, _ := get(at); r.StatusCode != want && (want != 404 || r.StatusCode != 400) {
			t.Errorf("%s: %d, want %d", at, r.StatusCode, want)
		}
	}
}

// startProxy exports the files, starts the sample's server on free ports, and returns a client of it.
func startProxy(t *testing.T, name string, f *Face, start func(string) *exec.Cmd) func(string, ...string) (*http.Response, string) {
	t.Helper()
	dir := t.TempDir()
	os.Chmod(filepath.Dir(dir), 0o755) // nginx reads the files as another user
	os.Chmod(dir, 0o755)
	if _, err := f.Export(filepath.Join(dir, "handheld"), time.Now()); err != nil {
		t.Fatal(err)
	}
	trusted := writeCertificate(t, dir)
	gateway := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Gateway", "yes")
		w.WriteHeader(http.StatusTeapot)
		fmt.Fprint(w, r.URL.RequestURI(), " ", r.Header.Get("Authorization"), " ", r.Header.Get("Cookie"))
	}))
	t.Cleanup(gateway.Close)
	port, plain := freePort(t), freePort(t)
	text, err := os.ReadFile("../deploy/proxy/" + name)
	if err != nil {
		t.Fatal(err)
	}
	sample := strings.NewReplacer(
		"/etc/railgate/", dir+"/", "/srv/railgate/handheld", dir+"/handheld", "127.0.0.1:8080", strings.TrimPrefix(gateway.URL, "http://"),
		"listen 443 ", "listen 127.0.0.1:"+port+" ", "listen 80;", "listen 127.0.0.1:"+plain+";", "/run/nginx.pid", dir+"/pid", "/var/log/nginx/", dir+"/",
		"\n"+sampleName+" {", "\n"+sampleName+":"+port+" {\n\tbind 127.0.0.1", "\tadmin off\n", "\tadmin off\n\tauto_https off\n",
	).Replace(string(text))
	file := filepath.Join(dir, name)
	if err := os.WriteFile(file, []byte(sample), 0o644); err != nil {
		t.Fatal(err)
	}
	server := start(file)
	server.Env = append(os.Environ(), "HOME="+dir, "XDG_DATA_HOME="+dir, "XDG_CONFIG_HOME="+dir)
	var log strings.Builder
	server.Stdout, server.Stderr = &log, &log
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		server.Process.Signal(os.Interrupt)
		server.Wait()
		if t.Failed() {
			t.Log(log.String())
		}
	})
	client := &http.Client{
		Timeout:       10 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{DisableCompression: true, ForceAttemptHTTP2: true,
			TLSClientConfig: &tls.Config{RootCAs: trusted, ServerName: sampleName}},
	}
	t.Cleanup(client.CloseIdleConnections)
	get := func(target string, headers ...string) (*http.Response, string) {
		t.Helper()
		r, err := http.NewRequest("GET", "https://127.0.0.1:"+port+target, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Host = sampleName
		for i := 0; i < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		answer, err := client.Do(r)
		if err != nil {
			t.Fatalf("%s: %v", target, err)
		}
		defer answer.Body.Close()
		body, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		return answer, string(body)
	}
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		c, err := net.Dial("tcp", "127.0.0.1:"+port)
		if err == nil {
			c.Close()
			return get
		}
		if time.Now().After(end) {
			t.Fatalf("the server does not start: %v", err)
		}
	}
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

// writeCertificate writes a certificate and its key where the samples expect them.
func writeCertificate(t *testing.T, dir string) *x509.CertPool {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{sampleName}}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{"station.pem": {Type: "CERTIFICATE", Bytes: raw}, "station.key": {Type: "PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(block), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	leaf, err := x509.ParseCertificate(raw)
	if err != nil {
		t.Fatal(err)
	}
	trusted := x509.NewCertPool()
	trusted.AddCert(leaf)
	return trusted
}
