package gateway_test

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/railgate/railgate/gateway/edge"
)

// conversation is a connection that delivers its input in random segments and records
// the output.
type conversation struct {
	net.Conn // nil: the methods in use are below
	random   *rand.Rand
	input    []byte
	output   bytes.Buffer
}

func (c *conversation) Read(p []byte) (int, error) {
	n := copy(p, c.input[:min(len(c.input), 1+c.random.IntN(1500))]) // several requests, or part of one
	c.input = c.input[n:]
	if n == 0 {
		return 0, io.EOF
	}
	return n, nil
}

func (c *conversation) Write(p []byte) (int, error)      { return c.output.Write(p) }
func (c *conversation) Close() error                     { return nil }
func (c *conversation) SetReadDeadline(time.Time) error  { return nil }
func (c *conversation) SetWriteDeadline(time.Time) error { return nil }

// heads returns heads that a connection may carry in turn; some differ in one letter.
func heads(s *harness) []string {
	check := func(scope, device string) string {
		return "POST /v1/check?scope=" + scope + " HTTP/1.1\r\nHost: g\r\nAuthorization: Bearer " + device + "\r\nContent-Length: %d\r\n"
	}
	return []string{
		check("entry", gateDevice), check("entry", gateDevice), check("entry", gateDevice),
		check("exit", gateDevice), check("sale", gateDevice), check("sale", shopDevice), check("entry", shopDevice), check("entry", unknownDevice),
		check("all", gateDevice),
		check("onboard&train=G101", gateDevice), check("onboard&train=G102", gateDevice), check("entry&receipt=1", gateDevice),
		check("entry", gateDevice) + "X-Filler: a\r\n",
		check("entry", gateDevice) + "X-Filler: b\r\n",
		check("entry", gateDevice) + "X-Filler: " + strings.Repeat("a", edge.MemoBytes) + "\r\n",
		check("entry", gateDevice) + "Connection: Upgrade\r\n",
		strings.Replace(check("entry", gateDevice), "Authorization", "authorization", 1),
		strings.Replace(check("entry", gateDevice), "POST /", "POST http://g/", 1),
		strings.Replace(check("entry", gateDevice), "POST", "PUT", 1),
		strings.Replace(check("entry", gateDevice), "HTTP/1.1", "HTTP/1.0", 1) + "Connection: keep-alive\r\n",
		strings.Replace(check("entry", gateDevice), "/v1/check", "/v2/check", 1),
		"GET /healthz HTTP/1.1\r\nHost: g\r\nContent-Length: %d\r\n",
	}
}

// lastHeads are header lines after which a connection is closed.
var lastHeads = []string{"Connection: CLOSE\r\n", "Authorization: Bearer none\r\n", "X A: b\r\n", "Expect: foo\r\n", "Transfer-Encoding: chunked\r\n", ""}

var date = regexp.MustCompile(`Date: [^\r]*`)

// A remembered head gets the same answer as a validated one: two gateways get the same
// conversations, one with connection state, one without.
func TestRememberedHeadGetsTheSameAnswers(t *testing.T) {
	remembers, judges := newHarness(t, setup{}), newHarness(t, setup{})
	random := rand.New(rand.NewPCG(3, 4))
	all := heads(remembers)
	codes := []string{remembers.goodCode(7), remembers.goodCode(8), "nonsense", ""}
	for round := range 400 {
		var input []byte
		head := all[0]
		for range 1 + random.IntN(30) {
			if random.IntN(3) == 0 {
				head = all[random.IntN(len(all))]
			}
			code := codes[random.IntN(len(codes))]
			input = append(fmt.Appendf(input, head, len(code)), "\r\n"+code...)
		}
		input = fmt.Appendf(input, head, 0)
		input = append(input, lastHeads[random.IntN(len(lastHeads))]+"\r\n"...)
		seed := random.Uint64()
		var output, ends [2]string
		for i, serve := range []func(net.Conn) error{remembers.ServeConn, judges.ServePlain} {
			c := &conversation{random: rand.New(rand.NewPCG(seed, 0)), input: input}
			ends[i] = fmt.Sprint(serve(c))
			output[i] = date.ReplaceAllString(c.output.String(), "Date:")
		}
		if output[0] != output[1] || ends[0] != ends[1] {
			t.Fatalf("round %d: the answers are\n%s%s\nwithout remembering\n%s%s", round, output[0], ends[0], output[1], ends[1])
		}
		if round == 0 && !strings.Contains(output[0], `"verdict":"allow"`) {
			t.Fatalf("no code was allowed:\n%s", output[0])
		}
	}
	if got, want := remembers.counters("railgate_verdicts_total"), judges.counters("railgate_verdicts_total"); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("verdicts counted: %v, without remembering %v", got, want)
	}
}

// onConn returns a request as it arrives on a connection that may remember heads.
func onConn(t testing.TB, conn net.Conn, raw string) *fasthttp.RequestCtx {
	t.Helper()
	ctx := readRequest(t, raw)
	ctx.Init2(conn, nil, false)
	return ctx
}

func TestWhichHeadsAreRemembered(t *testing.T) {
	s := newHarness(t, setup{})
	inner, _ := net.Pipe()
	conn := edge.NewListener(nil, edge.Limits{}, nil).Wrap(inner)
	good := post("/v1/check?scope=entry", "", "x")
	for _, c := range []struct {
		name, raw string
		remember  bool
	}{
		{"good", good, true},
		{"another use", post("/v1/check?scope=exit", "", "x"), true},
		{"long", post("/v1/check?scope=entry", "X-Filler: "+strings.Repeat("a", edge.MemoBytes)+"\r\n", "x"), false},
		{"of the last request", post("/v1/check?scope=entry", "Connection: close\r\n", "x"), false},
		{"of an unknown device", strings.Replace(good, gateDevice, unknownDevice, 1), false},
		{"for a scope that the device lacks", strings.Replace(good, gateDevice, shopDevice, 1), false},
		{"of another path", post("/v2/check", "", "x"), false},
		{"of another method", strings.Replace(good, "POST", "PUT", 1), false},
		{"malformed", post("/v1/check?scope=entry", "X A: b\r\n", "x"), false},
	} {
		ctx := onConn(t, conn, c.raw)
		if s.Remembers(ctx) {
			t.Errorf("head %s: remembered before it was sent", c.name)
		}
		s.Handle(ctx)
		if s.Remembers(ctx) != c.remember {
			t.Errorf("head %s: remembered is %v", c.name, !c.remember)
		}
	}
}

// BenchmarkHead measures the cost of a head: the last one repeated, two in turn, and one
// on a connection without state. The code is malformed, so little else is done.
func BenchmarkHead(b *testing.B) {
	s := newHarness(b, setup{})
	inner, _ := net.Pipe()
	conn := edge.NewListener(nil, edge.Limits{}, nil).Wrap(inner)
	entry, exit := post("/v1/check?scope=entry", "", "x"), post("/v1/check?scope=exit", "", "x")
	for _, c := range []struct {
		name     string
		requests []*fasthttp.RequestCtx
	}{
		{"same", []*fasthttp.RequestCtx{onConn(b, conn, entry)}},
		{"other", []*fasthttp.RequestCtx{onConn(b, conn, entry), onConn(b, conn, exit)}},
		{"plain", []*fasthttp.RequestCtx{onConn(b, inner, entry)}},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				s.Handle(c.requests[i%len(c.requests)])
			}
		})
	}
}
