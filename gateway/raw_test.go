package gateway_test

import (
	"bufio"
	"errors"
	"flag"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/railgate/railgate/gateway"
)

var update = flag.Bool("update", false, "write the gateway's answers into the golden files")

const rawFile = "testdata/raw/requests.txt"

// rawCase is one block of rawFile.
type rawCase struct {
	name  string
	sends []string
	want  string
	line  int // of want, in the file
}

func readRawCases(t *testing.T, lines []string, s *harness) (cases []rawCase) {
	t.Helper()
	fill := strings.NewReplacer(
		"{post}", "POST /v1/check?scope=entry HTTP/1.1\r\n", "{post-lf}", "POST /v1/check?scope=entry HTTP/1.1\n",
		"{auth}", "Authorization: Bearer "+gateDevice+"\r\n", "{auth-lf}", "Authorization: Bearer "+gateDevice+"\n",
		"{code}", s.goodCode(7), "{lines}", strings.Repeat("X-Filler: a\r\n", 1000),
		"{long}", strings.Repeat("a", 9000), "{body}", strings.Repeat("a", gateway.BodyBytes+1))
	for i, line := range lines {
		word, rest, _ := strings.Cut(line, " ")
		var c *rawCase
		if len(cases) > 0 {
			c = &cases[len(cases)-1]
		}
		switch {
		case word == "" || word == "#":
		case word == "case":
			cases = append(cases, rawCase{name: rest})
		case word == "send" && c != nil:
			bytes, err := strconv.Unquote(rest)
			if err != nil {
				t.Fatalf("%s:%d: %v", rawFile, i+1, err)
			}
			c.sends = append(c.sends, fill.Replace(bytes))
		case word == "want" && c != nil:
			c.want, c.line = rest, i
		case word == "known" && c != nil:
		default:
			t.Fatalf("%s:%d: cannot read %q", rawFile, i+1, line)
		}
	}
	if len(cases) < 100 {
		t.Fatalf("only %d cases in %s", len(cases), rawFile)
	}
	return cases
}

// after is the request that shows whether a connection is still usable. No other request
// in the file is answered 405 with this Allow header.
const (
	after      = "DELETE /readyz HTTP/1.1\r\nHost: gate.example\r\n\r\n"
	afterAllow = "GET, HEAD"
)

// runRawCase sends a case with write and returns the answers' statuses and the end state.
func (s *harness) runRawCase(c rawCase, write func(net.Conn, string)) string {
	var statuses []string
	conn := s.dial()
	in := bufio.NewReader(conn)
	readAnswer := func() (*http.Response, bool) {
		response, err := http.ReadResponse(in, nil)
		if err != nil {
			if isTimeout(err) {
				s.t.Errorf("neither an answer nor an end within %v", maxWait)
			}
			return nil, false
		}
		_, err = io.Copy(io.Discard, response.Body)
		return response, err == nil
	}
	for _, bytes := range append(c.sends, after) {
		write(conn, bytes)
		response, ok := readAnswer()
		for ok && bytes == after && (response.StatusCode != 405 || response.Header.Get("Allow") != afterAllow) {
			statuses = append(statuses, strconv.Itoa(response.StatusCode))
			response, ok = readAnswer()
		}
		if !ok {
			return strings.Join(append(statuses, "closed"), " ")
		}
		if bytes != after {
			statuses = append(statuses, strconv.Itoa(response.StatusCode))
		}
	}
	return strings.Join(append(statuses, "open"), " ")
}

// atOnce ignores errors: writing fails once the server has closed, which reading detects.
func atOnce(conn net.Conn, bytes string) { _, _ = io.WriteString(conn, bytes) }

func byteByByte(conn net.Conn, bytes string) {
	for i := range len(bytes) {
		if _, err := conn.Write([]byte{bytes[i]}); err != nil {
			return
		}
	}
}

// halfClosed sends a case, closes the sending direction and returns the answers' statuses.
func (s *harness) halfClosed(c rawCase) string {
	conn := s.dial()
	atOnce(conn, strings.Join(c.sends, ""))
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil && !errors.Is(err, syscall.ENOTCONN) {
		s.t.Fatal(err)
	}
	var statuses []string
	for in := bufio.NewReader(conn); ; {
		response, err := http.ReadResponse(in, nil)
		if err != nil {
			if isTimeout(err) {
				s.t.Errorf("the connection did not end within %v", maxWait)
			}
			return strings.Join(append(statuses, "closed"), " ")
		}
		_, _ = io.Copy(io.Discard, response.Body)
		statuses = append(statuses, strconv.Itoa(response.StatusCode))
	}
}

// The answer to each sequence of bytes is known: its status, and whether the connection
// stays open. Request smuggling needs two servers that disagree about that.
func TestRawRequests(t *testing.T) {
	t.Parallel()
	s, cases, lines := startForRaw(t)
	var mu sync.Mutex
	t.Run("cases", func(t *testing.T) {
		for _, c := range cases {
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				got := s.withT(t).runRawCase(c, atOnce)
				if *update {
					mu.Lock()
					defer mu.Unlock()
					lines[c.line] = "want " + got
				} else if got != c.want {
					t.Errorf("%s:%d: got %s, want %s", rawFile, c.line+1, got, c.want)
				}
			})
		}
	})
	if *update {
		if err := os.WriteFile(rawFile, []byte(strings.Join(lines, "\n")), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// Splitting the bytes into segments does not change the answers.
func TestRawRequestsByteByByte(t *testing.T) {
	s, cases, _ := startForRaw(t)
	for _, c := range cases {
		if len(strings.Join(c.sends, "")) > 2000 {
			continue // cases of size limits only
		}
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := s.withT(t).runRawCase(c, byteByByte); got != c.want {
				t.Errorf("%s:%d: got %s, want %s", rawFile, c.line+1, got, c.want)
			}
		})
	}
}

// A client that has closed its sending direction gets its answers, and the connection
// ends.
func TestRawRequestsOnHalfClosedConnections(t *testing.T) {
	s, cases, _ := startForRaw(t)
	for _, c := range cases {
		answers, _ := strings.CutSuffix(c.want, " open")
		answers, _ = strings.CutSuffix(answers, " closed")
		want := answers + " closed"
		if strings.Contains(c.want, "408") {
			continue // incomplete requests are detected immediately, without the timeout
		}
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := s.withT(t).halfClosed(c); got != want {
				t.Errorf("%s:%d: got %s, want %s", rawFile, c.line+1, got, want)
			}
		})
	}
}

// startForRaw starts a gateway with a short read limit and reads the table, parsed and as lines.
func startForRaw(t *testing.T) (*harness, []rawCase, []string) {
	t.Helper()
	file, err := os.ReadFile(rawFile)
	if err != nil {
		t.Fatal(err)
	}
	s := start(t, setup{configure: func(g *gateway.Gateway) { g.UseReadTimeout(2 * time.Second) }})
	lines := strings.Split(string(file), "\n")
	return s, readRawCases(t, lines, s), lines
}
