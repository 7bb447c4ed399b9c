package edge_test

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/valyala/fasthttp"

	"github.com/railgate/railgate/gateway/edge"
)

// rawRequests returns the requests of the gateway's table, without filling the blanks in bodies.
func rawRequests(f *testing.F) (all []string) {
	f.Helper()
	file, err := os.ReadFile("../testdata/raw/requests.txt")
	if err != nil {
		f.Fatal(err)
	}
	fill := strings.NewReplacer("{post}", start, "{post-lf}", strings.ReplaceAll(start, "\r", ""),
		"{auth}", "Authorization: Bearer x\r\n", "{auth-lf}", "Authorization: Bearer x\n")
	for _, quoted := range regexp.MustCompile(`(?m)^send (".*")$`).FindAllStringSubmatch(string(file), -1) {
		raw, err := strconv.Unquote(quoted[1])
		if err != nil {
			f.Fatal(err)
		}
		all = append(all, fill.Replace(raw))
	}
	if len(all) < 60 {
		f.Fatalf("only %d requests in the table", len(all))
	}
	return all
}

// FuzzHead checks that net/http accepts each head that ReadHead accepts, with the same
// meaning: request smuggling needs two servers that disagree. The converse is not
// checked, since net/http is laxer.
//
// Two differences are known and harmless. ReadHead allows empty lines before a request
// (RFC 9112 section 2.2), which net/http does not. Of several Connection lines in
// HTTP/1.0, fasthttp looks for keep-alive in the first one only, and so may close where
// net/http would not.
func FuzzHead(f *testing.F) {
	for _, raw := range append(rawRequests(f), proper, another, proper+"abc"+another) {
		f.Add([]byte(raw))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		h, rest, err := readHeader(string(raw))
		if err != nil {
			t.Skip()
		}
		if new(fasthttp.URI).Parse(h.Host(), h.RequestURI()) != nil {
			t.Skip() // the server itself refuses it
		}
		head, fault := edge.ReadHead(h)
		if fault != edge.NoFault {
			return
		}
		theirs := bufio.NewReaderSize(bytes.NewReader(bytes.TrimLeft(raw, "\r\n")), 4<<10)
		r, err := http.ReadRequest(theirs)
		if err != nil {
			t.Fatalf("net/http refuses %q: %v", raw, err)
		}
		if r.Method != string(h.Method()) || r.RequestURI != string(h.RequestURI()) {
			t.Errorf("%q: ReadHead has %q %q, net/http %q %q", raw, h.Method(), h.RequestURI(), r.Method, r.RequestURI)
		}
		if string(head.Path) != "*" && (r.URL.EscapedPath() != string(head.Path) || r.URL.RawQuery != string(head.Query)) {
			t.Errorf("%q: ReadHead has path and query %q %q, net/http %q %q", raw, head.Path, head.Query, r.URL.EscapedPath(), r.URL.RawQuery)
		}
		length := int64(h.ContentLength())
		if length == -2 {
			length = 0 // neither framing
		}
		if r.ContentLength != length {
			t.Errorf("%q: the body has %d bytes, for net/http %d", raw, length, r.ContentLength)
		}
		if r.Header.Get("Authorization") != string(head.Authorization) {
			t.Errorf("%q: ReadHead has the credential %q, net/http %q", raw, head.Authorization, r.Header.Get("Authorization"))
		}
		closes := h.ConnectionClose() || head.Close
		severalLines := r.ProtoMinor == 0 && len(r.Header["Connection"]) > 1
		if closes != r.Close && !(closes && severalLines) {
			t.Errorf("%q: closing is %v, for net/http %v", raw, closes, r.Close)
		}
		ourRest, _ := io.ReadAll(rest)
		theirRest, _ := io.ReadAll(theirs)
		if !bytes.Equal(ourRest, theirRest) {
			t.Errorf("%q: after the head comes %q, for net/http %q", raw, ourRest, theirRest)
		}
	})
}
