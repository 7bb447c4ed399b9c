package httpapi_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/railgate/railgate/issuance/httpapi"
)

// Headers above the bound were answered in plain text and without an id.
func TestHeadersThatAreTooLargeGetAProblem(t *testing.T) {
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "served") })
	server := httpapi.NewServer("", served, nil)
	go server.Serve(httpapi.Listener(inner, nil))
	defer server.Close()
	ask := func(size int) (*http.Response, []byte) {
		t.Helper()
		conn, err := net.Dial("tcp", inner.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		conn.SetDeadline(time.Now().Add(20 * time.Second))
		fmt.Fprintf(conn, "GET /healthz HTTP/1.1\r\nHost: issuer.example\r\nX-Long: %s\r\n\r\n", strings.Repeat("a", size))
		r, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Fatal(err)
		}
		return r, body
	}
	if r, body := ask(4 << 10); r.StatusCode != 200 || string(body) != "served" {
		t.Fatalf("headers within the bound: %d %s", r.StatusCode, body)
	}
	r, body := ask(20 << 10)
	if r.StatusCode != http.StatusRequestHeaderFieldsTooLarge || r.Header.Get("X-Request-Id") == "" || !r.Close {
		t.Fatalf("%d %v %s", r.StatusCode, r.Header, body)
	}
	if code := theContract(t).problem(t, answer{Status: r.StatusCode, Header: r.Header, Body: body}); code != httpapi.HeadersTooLarge {
		t.Fatalf("%s %s", code, body)
	}
}
