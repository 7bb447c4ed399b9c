package gateway_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
)

// sendRaw sends bytes as they are on a new connection and reads one answer.
func (s *harness) sendRaw(raw string) (answer, *bufio.Reader) {
	s.t.Helper()
	c := s.dial()
	if _, err := io.WriteString(c, raw); err != nil {
		s.t.Fatal(err)
	}
	return s.readAnswer(bufio.NewReader(c), raw)
}

func (s *harness) readAnswer(in *bufio.Reader, raw string) (answer, *bufio.Reader) {
	s.t.Helper()
	method, _, _ := strings.Cut(raw, " ")
	response, err := http.ReadResponse(in, &http.Request{Method: method})
	if err != nil {
		s.t.Fatalf("no answer to a request: %v", err)
	}
	return s.readResponse(response), in
}

// expectClosed expects that the server closes the connection.
func (s *harness) expectClosed(in *bufio.Reader) {
	s.t.Helper()
	if rest, err := io.ReadAll(in); len(rest) != 0 || (err != nil && isTimeout(err)) {
		s.t.Errorf("the connection is still open: %d bytes and %v", len(rest), err)
	}
}

func isTimeout(err error) bool {
	var network net.Error
	return errors.As(err, &network) && network.Timeout()
}

// post returns a check as raw bytes.
func post(target, header, body string) string {
	return fmt.Sprintf("POST %s HTTP/1.1\r\nHost: gate.example\r\nAuthorization: Bearer %s\r\n%sContent-Length: %d\r\n\r\n%s",
		target, gateDevice, header, len(body), body)
}
