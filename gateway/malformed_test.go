package gateway_test

import (
	"bufio"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/valyala/fasthttp"

	"github.com/railgate/railgate/gateway"
	"github.com/railgate/railgate/tokens"
	"github.com/railgate/railgate/tokens/tokentest"
)

// malformedCodes are texts of posters, other tickets and screens, and texts of attackers.
func malformedCodes(good string) map[string]string {
	noise := make([]byte, gateway.BodyBytes)
	random := rand.New(rand.NewPCG(1, 2))
	for i := range noise {
		noise[i] = byte(random.Uint32())
	}
	return map[string]string{
		"nothing":             "",
		"one byte":            "R",
		"the prefix alone":    tokens.Prefix,
		"zero bytes":          strings.Repeat("\x00", tokens.TextSize),
		"noise":               string(noise),
		"noise of a code":     string(noise[:tokens.TextSize]),
		"noise after prefix":  tokens.Prefix + string(noise[:tokens.TextSize-len(tokens.Prefix)]),
		"huge digits":         strings.Repeat("9", gateway.BodyBytes),
		"digits of a code":    tokens.Prefix + strings.Repeat("9", tokens.TextSize-len(tokens.Prefix)),
		"largest base45":      tokens.Prefix + strings.Repeat(":", tokens.TextSize-len(tokens.Prefix)),
		"zeros in base45":     tokens.Prefix + strings.Repeat("0", tokens.TextSize-len(tokens.Prefix)),
		"Chinese":             "请出示电子临时乘车身份证明",
		"broken UTF-8":        "\xff\xfe\xc0\xaf",
		"byte order mark":     "\ufeff" + good,
		"full-width prefix":   "ＲＧ１：" + good[4:],
		"a JWT":               "eyJhbGciOiJub25lIn0.eyJzdWIiOiJub2JvZHkifQ.",
		"a web address":       "https://example.com/v1/check?scope=entry",
		"JSON":                `{"code":"` + good + `"}`,
		"a form":              "code=" + good,
		"lower case":          strings.ToLower(good),
		"lower-case prefix":   "rg1:" + good[4:],
		"a space before":      " " + good,
		"a space after":       good + " ",
		"a line end":          good + "\n",
		"twice":               good + good,
		"cut short":           good[:len(good)-1],
		"one too many":        good + "0",
		"percent-encoded":     strings.ReplaceAll(good, ":", "%3A"),
		"the largest body":    strings.Repeat("R", gateway.BodyBytes),
		"many codes":          strings.Repeat(good, gateway.BodyBytes/len(good)),
		"version letter":      "RGX:" + good[4:],
		"version of two":      "RG10:" + good[4:],
		"SQL":                 "' OR 1=1 --",
		"a format":            "%s%s%n%!v(PANIC=)",
		"a log line":          "x\r\n{\"level\":\"error\"}\r\n",
		"a request":           "POST /v1/check?scope=entry HTTP/1.1\r\n\r\n",
		"an issuer's pattern": strings.Repeat("RG1:", tokens.TextSize/4),
	}
}

func TestMalformedCodesAreDenied(t *testing.T) {
	s := start(t, setup{})
	for name, body := range malformedCodes(s.goodCode(7)) {
		a := s.check("entry", body)
		if a.status != 200 {
			t.Errorf("%s: status %d, want a verdict", name, a.status)
			continue
		}
		if v := a.verdict(t); v.Verdict != "deny" || v.Reason != "malformed" || v.Class != "passenger" {
			t.Errorf("%s: %s, %s, %s", name, v.Verdict, v.Reason, v.Class)
		}
	}
	if v := s.check("entry", s.goodCode(7)).verdict(t); v.Reason != "ok" {
		t.Errorf("a good code after the malformed ones got %s", v.Reason)
	}
}

func TestEveryFlippedBitIsDenied(t *testing.T) {
	s := newHarness(t, setup{})
	session := s.issuer.Open(7, tokentest.Epoch)
	code := session.Code(0)
	one := newRequest(t, "entry", "")
	for bit := range 8 * tokens.TokenSize {
		code.Bytes()[bit/8] ^= 1 << (bit % 8)
		one.Request.SetBody(code.AppendText(nil))
		code.Bytes()[bit/8] ^= 1 << (bit % 8)
		one.Response.Reset()
		s.Handle(one)
		if v := readVerdict(t, one.Response.Body()); v.Verdict != "deny" {
			t.Errorf("with bit %d flipped the code was allowed", bit)
		}
	}
	one.Request.SetBody(code.AppendText(nil))
	one.Response.Reset()
	if s.Handle(one); readVerdict(t, one.Response.Body()).Verdict != "allow" {
		t.Error("without a flipped bit the code was not allowed")
	}
}

// newRequest returns a check by the gate device, for Handle.
func newRequest(t testing.TB, scope, code string) *fasthttp.RequestCtx {
	t.Helper()
	return readRequest(t, post("/v1/check?scope="+scope, "", code))
}

// readRequest returns a complete request as the server passes it to its handler.
func readRequest(t testing.TB, raw string) *fasthttp.RequestCtx {
	t.Helper()
	ctx := new(fasthttp.RequestCtx)
	ctx.Init2(nil, nil, false)
	if err := ctx.Request.Read(bufio.NewReader(strings.NewReader(raw))); err != nil {
		t.Fatal(err)
	}
	return ctx
}

func FuzzCheckBody(f *testing.F) {
	s := newHarness(f, setup{})
	good := s.goodCode(7)
	for _, body := range malformedCodes(good) {
		f.Add([]byte(body))
	}
	for _, c := range scans {
		if c.before == nil && c.setup == nil && c.scope == "entry" {
			f.Add([]byte(c.code(s)))
		}
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		ctx := newRequest(t, "entry", string(body))
		s.Handle(ctx)
		if status := ctx.Response.StatusCode(); status != 200 {
			t.Fatalf("status %d: %s", status, ctx.Response.Body())
		}
		v := readVerdict(t, ctx.Response.Body())
		if !known[v.Reason] {
			t.Errorf("reason %q is not in the closed list", v.Reason)
		}
		// Of all codes of that second only those that the issuer made are allowed, and the
		// seeds contain one of them.
		if (v.Verdict == "allow") != (string(body) == good) {
			t.Errorf("%s for %q", v.Verdict, body)
		}
	})
}

var known = func() map[string]bool {
	all := map[string]bool{}
	for _, r := range tokens.Reasons() {
		all[r.String()] = true
	}
	return all
}()
