package gateway_test

import (
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// secrets are the credentials and codes that were sent.
type secrets struct {
	mu     sync.Mutex
	values []string
}

// expectNoSecrets expects no sent secret in the log or in a metric, and only the panics
// that the test caused.
func (s *harness) expectNoSecrets() {
	s.t.Helper()
	log, page := s.log.String(), s.page()
	s.sent.mu.Lock()
	defer s.sent.mu.Unlock()
	for i, secret := range s.sent.values {
		if strings.Contains(log, secret) {
			s.t.Errorf("the log contains secret %d of those sent", i)
		}
		if strings.Contains(page, secret) {
			s.t.Errorf("the metrics contain secret %d of those sent", i)
		}
	}
	if n := s.count("railgate_panics_total"); n != s.panics {
		s.t.Errorf("%v panics counted, want %v", n, s.panics)
	}
}

// answer is one complete response.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// send sends one request and reads its answer. It remembers the secrets of the request,
// which no answer, log line or metric may contain.
func (s *harness) send(method, target, authorization, body string) answer {
	s.t.Helper()
	return s.sendWith(method, target, authorization, body, nil)
}

// sendWith is send with further headers.
func (s *harness) sendWith(method, target, authorization, body string, headers map[string]string) answer {
	s.t.Helper()
	request, err := http.NewRequest(method, "http://"+s.address+target, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	if authorization != "" {
		request.Header.Set("Authorization", authorization)
	}
	request.Header.Set("Content-Type", "text/plain")
	for name, value := range headers {
		request.Header.Set(name, value)
	}
	s.addSecrets(authorization, body)
	response, err := s.client.Do(request)
	if err != nil {
		s.t.Fatalf("%s %s: %v", method, target, err)
	}
	return s.readResponse(response)
}

func (s *harness) readResponse(response *http.Response) answer {
	s.t.Helper()
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		s.t.Fatalf("reading the answer: %v", err)
	}
	s.sent.mu.Lock()
	defer s.sent.mu.Unlock()
	for i, secret := range s.sent.values {
		if strings.Contains(string(body), secret) {
			s.t.Errorf("an answer with status %d contains secret %d of those sent", response.StatusCode, i)
		}
	}
	return answer{status: response.StatusCode, header: response.Header, body: body}
}

// addSecrets remembers a credential and a body. Very short texts would match by chance.
func (s *harness) addSecrets(authorization, body string) {
	s.sent.mu.Lock()
	defer s.sent.mu.Unlock()
	for _, secret := range []string{strings.TrimPrefix(authorization, "Bearer "), body} {
		if len(secret) >= 16 {
			s.sent.values = append(s.sent.values, secret)
		}
	}
}

// check sends a code as the gate device.
func (s *harness) check(scope, code string) answer {
	s.t.Helper()
	return s.send("POST", "/v1/check?scope="+scope, "Bearer "+gateDevice, code)
}

// goodCode returns a code that is valid now; index numbers the passenger.
func (s *harness) goodCode(index uint32) string {
	session := s.issuer.Open(index, s.clock.Load()/1000)
	code := session.Code(0)
	return code.Text()
}

func (s *harness) dial() net.Conn {
	s.t.Helper()
	c, err := net.DialTimeout("tcp", s.address, maxWait)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { c.Close() })
	if err := c.SetDeadline(time.Now().Add(maxWait)); err != nil {
		s.t.Fatal(err)
	}
	return c
}
