package gateway_test

import (
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// secrets are what went over the wire and must not be seen again.
type secrets struct {
	mu     sync.Mutex
	values []string
}

// keepsSecrets expects nothing that was sent in the log or in a metric, and no
// panic that the story did not mean to cause.
func (s *harness) expectNoSecrets() {
	s.t.Helper()
	log, page := s.log.String(), s.page()
	s.sent.mu.Lock()
	defer s.sent.mu.Unlock()
	for i, secret := range s.sent.values {
		if strings.Contains(log, secret) {
			s.t.Errorf("secret %d of those sent stands in the log", i)
		}
		if strings.Contains(page, secret) {
			s.t.Errorf("secret %d of those sent stands in the metrics", i)
		}
	}
	if n := s.count("railgate_panics_total"); n != s.panics {
		s.t.Errorf("%v panics counted, want %v", n, s.panics)
	}
}

// answer is one response, read whole.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// ask sends one request and reads its answer; what is secret in it is
// remembered and must not come back.
func (s *harness) send(method, target, authorization, body string) answer {
	s.t.Helper()
	request, err := http.NewRequest(method, "http://"+s.address+target, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	if authorization != "" {
		request.Header.Set("Authorization", authorization)
	}
	request.Header.Set("Content-Type", "text/plain")
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
			s.t.Errorf("secret %d of those sent came back in an answer with status %d", i, response.StatusCode)
		}
	}
	return answer{status: response.StatusCode, header: response.Header, body: body}
}

// remember notes what must not be seen again. Very short texts would be found
// anywhere.
func (s *harness) addSecrets(authorization, body string) {
	s.sent.mu.Lock()
	defer s.sent.mu.Unlock()
	for _, secret := range []string{strings.TrimPrefix(authorization, "Bearer "), body} {
		if len(secret) >= 16 {
			s.sent.values = append(s.sent.values, secret)
		}
	}
}

// check asks as the gate whether a code is good for a use.
func (s *harness) check(scope, code string) answer {
	s.t.Helper()
	return s.send("POST", "/v1/check?scope="+scope, "Bearer "+gateDevice, code)
}

// goodCode is the text that a passenger's phone shows now; index numbers the
// passenger.
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
