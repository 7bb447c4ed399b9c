// Package fakeprovider runs an outside service for tests. It speaks the protocol of package
// provider on a loopback port and behaves as the test configures it, correctly or not.
//
// It records the calls it received, and ends with its test. It is not a model of a real service,
// and no command may link it.
package fakeprovider

import (
	"bytes"
	"crypto/x509"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/railgate/railgate/issuance/provider"
)

const (
	skew        = 30 * time.Second
	maxBody     = 64 << 10
	callTimeout = 10 * time.Second // of requests that the provider sends
)

// Secret returns a fixed secret named key. It is not confidential.
func Secret(key string) provider.Secret {
	var b [provider.SecretSize]byte
	copy(b[:], "not secret: "+key)
	return provider.SecretOf(key, b)
}

// Call is a request that arrived with a valid signature.
type Call struct {
	Path      string
	Signature provider.Signature
	Body      []byte
	Request   *http.Request
}

// Behavior is how the provider answers a call.
type Behavior func(p *Provider, w http.ResponseWriter, c Call)

// Provider is a running service.
type Provider struct {
	// Keys sign the answers and verify the requests.
	Keys *provider.Keyring

	server *httptest.Server
	ended  chan struct{} // closed when the test ends

	mu       sync.Mutex
	behavior []Behavior // the first is for the next call; the last one stays; mu
	calls    []Call     // mu
}

// Start starts a provider that ends with the test. It speaks plain HTTP.
func Start(t testing.TB, behavior ...Behavior) *Provider {
	return start(t, (*httptest.Server).Start, behavior)
}

// StartTLS starts a provider that speaks HTTPS with a certificate that [Provider.Roots] trust.
func StartTLS(t testing.TB, behavior ...Behavior) *Provider {
	return start(t, (*httptest.Server).StartTLS, behavior)
}

func start(t testing.TB, begin func(*httptest.Server), behavior []Behavior) *Provider {
	t.Helper()
	keys, err := provider.NewKeyring(Secret("one"))
	if err != nil {
		t.Fatal(err)
	}
	p := &Provider{Keys: keys, ended: make(chan struct{}), behavior: behavior}
	p.server = httptest.NewUnstartedServer(http.HandlerFunc(p.serve))
	p.server.Config.ErrorLog = log.New(io.Discard, "", 0) // broken connections are expected
	begin(p.server)
	t.Cleanup(func() {
		close(p.ended)
		p.server.CloseClientConnections()
		p.server.Close()
	})
	return p
}

// URL returns the base URL of the provider.
func (p *Provider) URL() string { return p.server.URL }

// Roots returns a pool that trusts the provider's certificate. It needs HTTPS.
func (p *Provider) Roots() *x509.CertPool {
	roots := x509.NewCertPool()
	roots.AddCert(p.server.Certificate())
	return roots
}

// Do sets the behavior for the next calls, in order. The last one stays.
func (p *Provider) Do(behavior ...Behavior) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.behavior = behavior
}

// Calls returns the calls that arrived so far.
func (p *Provider) Calls() []Call {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]Call(nil), p.calls...)
}

func (p *Provider) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		return
	}
	s, ok := provider.ParseSignature(r.Header.Get(provider.SignatureHeader))
	path := r.URL.EscapedPath()
	ok = ok && r.Method == http.MethodPost && p.Keys.VerifyRequest(s, path, body, time.Now(), skew)
	if !ok {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	p.mu.Lock()
	c := Call{path, s, body, r}
	p.calls = append(p.calls, c)
	do := p.behavior[0]
	if len(p.behavior) > 1 {
		p.behavior = p.behavior[1:]
	}
	p.mu.Unlock()
	do(p, w, c)
}

// Send posts a body to another URL, signed with the given keys at the given time, and returns the
// status and the body of the answer.
func Send(t testing.TB, keys *provider.Keyring, to string, body []byte, at time.Time) (status int, answer []byte) {
	t.Helper()
	u, err := provider.ParseURL(to)
	if err != nil {
		t.Fatal(err)
	}
	return SendSigned(t, to, body, keys.SignRequest(u.EscapedPath(), provider.NewID(), body, at).String())
}

// SendSigned posts a body with any text as the signature.
func SendSigned(t testing.TB, to string, body []byte, signature string) (status int, answer []byte) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, to, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set(provider.SignatureHeader, signature)
	client := &http.Client{Timeout: callTimeout, Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(r)
	if err != nil {
		t.Error(err)
		return 0, nil
	}
	defer response.Body.Close()
	answer, err = io.ReadAll(io.LimitReader(response.Body, maxBody))
	if err != nil {
		t.Error(err)
	}
	return response.StatusCode, answer
}
