package edge_test

import (
	"bufio"
	"strings"
	"testing"

	"github.com/valyala/fasthttp"

	"github.com/railgate/railgate/gateway/edge"
)

// readHeader reads a head as the server does, with a buffer of the same size.
func readHeader(raw string) (*fasthttp.RequestHeader, *bufio.Reader, error) {
	h := new(fasthttp.RequestHeader)
	in := bufio.NewReaderSize(strings.NewReader(raw), 4<<10)
	return h, in, h.Read(in)
}

func mustReadHeader(t testing.TB, raw string) *fasthttp.RequestHeader {
	t.Helper()
	h, _, err := readHeader(raw)
	if err != nil {
		t.Fatalf("fasthttp refuses %q, so ReadHead never gets it: %v", raw, err)
	}
	return h
}

const (
	start   = "POST /v1/check?scope=entry HTTP/1.1\r\n"
	host    = "Host: gate.example\r\n"
	proper  = start + host + "Authorization: Bearer x\r\nContent-Length: 3\r\n\r\n"
	another = "GET /healthz HTTP/1.1\r\nHost: gate.example\r\n\r\n"
)

func TestReadHeadReturnsTheParts(t *testing.T) {
	for _, c := range []struct {
		raw, path, query, authorization string
		close                           bool
	}{
		{proper, "/v1/check", "scope=entry", "Bearer x", false},
		{another, "/healthz", "", "", false},
		{"GET /a/../b%2f//c?d?e HTTP/1.1\r\n" + host + "\r\n", "/a/../b%2f//c", "d?e", "", false},
		{"OPTIONS * HTTP/1.1\r\n" + host + "\r\n", "*", "", "", false},
		{"GET http://gate.example/a?b HTTP/1.1\r\n" + host + "\r\n", "/a", "b", "", false},
		{"GET https://10.0.0.1:8080/a HTTP/1.1\r\n" + host + "\r\n", "/a", "", "", false},
		{"GET http://[::1]:80/a HTTP/1.1\r\n" + host + "\r\n", "/a", "", "", false},
		{"GET http://gate.example?b HTTP/1.1\r\n" + host + "\r\n", "", "b", "", false},
		{"GET / HTTP/1.0\r\n\r\n", "/", "", "", false},
		{start + host + "aUTHORIZATION:\tBearer x \t\r\n\r\n", "/v1/check", "scope=entry", "Bearer x", false},
		{start + host + "Authorization:\r\n\r\n", "/v1/check", "scope=entry", "", false},
		{start + host + "Connection: close\r\n\r\n", "/v1/check", "scope=entry", "", true},
		{start + host + "connection: CLOSE\r\n\r\n", "/v1/check", "scope=entry", "", true},
		{start + host + "Connection: Upgrade ,\tClose\r\n\r\n", "/v1/check", "scope=entry", "", true},
		{start + host + "Connection: close\r\nConnection: keep-alive\r\n\r\n", "/v1/check", "scope=entry", "", true},
		{start + host + "Connection: closed, disclose\r\n\r\n", "/v1/check", "scope=entry", "", false},
		{start + host + "Transfer-Encoding: chunked\r\n\r\n", "/v1/check", "scope=entry", "", false},
		{start + host + "X-Name: Gepäck\r\n\r\n", "/v1/check", "scope=entry", "", false},
		{start + host + "!#$%&'*+-.^_`|~09: x\r\n\r\n", "/v1/check", "scope=entry", "", false},
	} {
		head, fault := edge.ReadHead(mustReadHeader(t, c.raw))
		if fault != edge.NoFault {
			t.Errorf("%q: fault %d", c.raw, fault)
		}
		if string(head.Path) != c.path || string(head.Query) != c.query || string(head.Authorization) != c.authorization || head.Close != c.close {
			t.Errorf("%q: got path %q, query %q, authorization %q, close %v", c.raw, head.Path, head.Query, head.Authorization, head.Close)
		}
	}
}

// fasthttp accepts these heads, and the RFCs do not.
func TestReadHeadRefusesMalformedHeads(t *testing.T) {
	for name, c := range map[string]struct {
		raw  string
		want edge.Fault
	}{
		"HTTP/1.2":                    {"GET / HTTP/1.2\r\n" + host + "\r\n", edge.Version},
		"HTTP/0.9":                    {"GET / HTTP/0.9\r\n" + host + "\r\n", edge.Version},
		"HTTP/2.0":                    {"GET / HTTP/2.0\r\n" + host + "\r\n", edge.Version},
		"fragment":                    {"GET /a#b HTTP/1.1\r\n" + host + "\r\n", edge.Malformed},
		"fragment after a query":      {"GET /a?b#c HTTP/1.1\r\n" + host + "\r\n", edge.Malformed},
		"fragment in absolute form":   {"GET http://gate.example/a#b HTTP/1.1\r\n" + host + "\r\n", edge.Malformed},
		"another scheme":              {"GET ftp://gate.example/a HTTP/1.1\r\n" + host + "\r\n", edge.Malformed},
		"scheme in capitals":          {"GET HTTP://gate.example/a HTTP/1.1\r\n" + host + "\r\n", edge.Malformed},
		"no authority":                {"GET http:///a HTTP/1.1\r\n" + host + "\r\n", edge.Malformed},
		"a port alone":                {"GET http://:80/a HTTP/1.1\r\n" + host + "\r\n", edge.Malformed},
		"a user":                      {"GET http://user@gate.example/a HTTP/1.1\r\n" + host + "\r\n", edge.Malformed},
		"an invalid port":             {"GET http://gate.example:8x/a HTTP/1.1\r\n" + host + "\r\n", edge.Malformed},
		"a bracket that stays open":   {"GET http://[::1/a HTTP/1.1\r\n" + host + "\r\n", edge.Malformed},
		"letters after a bracket":     {"GET http://[::1]a/a HTTP/1.1\r\n" + host + "\r\n", edge.Malformed},
		"a zone":                      {"GET http://[fe80::1%25a]/a HTTP/1.1\r\n" + host + "\r\n", edge.Malformed},
		"authority form":              {"CONNECT gate.example:80 HTTP/1.1\r\n" + host + "\r\n", edge.Malformed},
		"half an escape":              {"GET /a%2 HTTP/1.1\r\n" + host + "\r\n", edge.Malformed},
		"an invalid escape":           {"GET /%zz HTTP/1.1\r\n" + host + "\r\n", edge.Malformed},
		"not a URI letter":            {"GET /a|b HTTP/1.1\r\n" + host + "\r\n", edge.Malformed},
		"bytes beyond ASCII":          {"GET /\xe5\x8c\x97 HTTP/1.1\r\n" + host + "\r\n", edge.Malformed},
		"line that ends in LF":        {start + "X-A: b\n" + host + "\r\n", edge.Malformed},
		"last line ends in LF":        {start + host + "X-A: b\n\r\n" + another, edge.Malformed},
		"empty line ends in LF":       {start + host + "\n" + another, edge.Malformed},
		"folded line":                 {start + "X-A: b\r\n c\r\n" + host + "\r\n", edge.Malformed},
		"folded line with a tab":      {start + "X-A: b\r\n\tc\r\n" + host + "\r\n", edge.Malformed},
		"line of blanks":              {start + host + "X-A: b\r\n \r\n\r\n", edge.Malformed},
		"fold that hides a length":    {start + host + "X-A: b\r\n Content-Length: 3\r\n\r\n", edge.Malformed},
		"blank in a name":             {start + host + "X A: b\r\n\r\n", edge.Malformed},
		"both framings":               {start + host + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", edge.Malformed},
		"both framings, turned round": {start + host + "transfer-encoding: chunked\r\ncontent-length: 3\r\n\r\n", edge.Malformed},
		"identity":                    {start + host + "Transfer-Encoding: identity\r\n\r\n", edge.Malformed},
		"identity and a length":       {start + host + "Transfer-Encoding: identity\r\nContent-Length: 3\r\n\r\n", edge.Malformed},
		"Identity in capitals":        {start + host + "TRANSFER-ENCODING: IDENTITY\r\n\r\n", edge.Malformed},
		"Chunked in capitals":         {start + host + "Transfer-Encoding: Chunked\r\n\r\n", edge.Malformed},
		"two credentials":             {start + host + "Authorization: Bearer x\r\nAuthorization: Bearer x\r\n\r\n", edge.Malformed},
		"two credentials, one empty":  {start + host + "Authorization: Bearer x\r\nauthorization:\r\n\r\n", edge.Malformed},
		"waits for 100":               {start + host + "Expect: 100-continue\r\n\r\n", edge.Expectation},
		"waits for 100 in capitals":   {start + host + "EXPECT: 100-Continue\r\n\r\n", edge.Expectation},
		"waits for something else":    {start + host + "Expect: foo\r\n\r\n", edge.Expectation},
		"waits for nothing":           {start + host + "Expect:\r\n\r\n", edge.Expectation},
	} {
		if _, fault := edge.ReadHead(mustReadHeader(t, c.raw)); fault != c.want {
			t.Errorf("%s: fault %d, want %d", name, fault, c.want)
		}
	}
}

func TestReadHeadAllocatesNothing(t *testing.T) {
	for _, raw := range []string{proper, another, "GET http://gate.example:80/a?b HTTP/1.1\r\n" + host + "Connection: a, close\r\n\r\n"} {
		h := mustReadHeader(t, raw)
		if n := testing.AllocsPerRun(1000, func() { edge.ReadHead(h) }); n != 0 {
			t.Errorf("%q: %v allocations", raw, n)
		}
	}
}
