package jwtgate

import (
	"strings"
	"testing"
	"time"

	"github.com/valyala/fasthttp"
)

const device = "Bearer rgd_test"

func post(g *Gate, target, credential, body string) (status int, answer string) {
	var ctx fasthttp.RequestCtx
	ctx.Request.Header.SetMethod(fasthttp.MethodPost)
	ctx.Request.SetRequestURI(target)
	ctx.Request.Header.Set("Authorization", credential)
	ctx.Request.SetBodyString(body)
	g.Serve(&ctx)
	return ctx.Response.StatusCode(), string(ctx.Response.Body())
}

// mint returns tokens of different ages.
func mint(t *testing.T, now time.Time) []string {
	t.Helper()
	tokens, err := Mint(8, now, time.Minute, []string{"entry", "exit"})
	if err != nil {
		t.Fatal(err)
	}
	return tokens
}

func TestVerdicts(t *testing.T) {
	now := time.Now()
	g := New(map[string][]string{device: {"entry", "onboard"}}, map[string]bool{Serial(now, 3): true})
	good, expired := mint(t, now), mint(t, now.Add(-time.Hour))
	head, rest, _ := strings.Cut(good[0], ".")
	for _, c := range []struct {
		name, target, device, token string
		status                      int
		want                        string
	}{
		{"good", "/v1/check?scope=entry", device, good[0], 200, `"verdict":"allow"`},
		{"another key", "/v1/check?scope=entry", device, good[1], 200, `"verdict":"allow"`},
		{"revoked", "/v1/check?scope=entry", device, good[3], 200, `"reason":"revoked"`},
		{"expired", "/v1/check?scope=entry", device, expired[0], 200, `"reason":"bad_token"`},
		{"another signature", "/v1/check?scope=entry", device, good[0][:len(good[0])-10] + good[1][len(good[1])-10:], 200, `"reason":"bad_token"`},
		{"the head of another key", "/v1/check?scope=entry", device, strings.Split(good[1], ".")[0] + "." + rest, 200, `"reason":"bad_token"`},
		{"no claims", "/v1/check?scope=entry", device, head, 200, `"reason":"bad_token"`},
		{"a scope that was not granted", "/v1/check?scope=onboard", device, good[0], 200, `"reason":"scope_not_granted"`},
		{"a scope that is not the device's", "/v1/check?scope=exit", device, good[0], 403, ""},
		{"an unknown device", "/v1/check?scope=entry", "Bearer rgd_other", good[0], 401, ""},
		{"another path", "/", device, good[0], 404, ""},
	} {
		status, answer := post(g, c.target, c.device, c.token)
		if status != c.status || !strings.Contains(answer, c.want) {
			t.Errorf("%s: %d %s, want %d with %s", c.name, status, answer, c.status, c.want)
		}
	}
}

// TestMintedTokensAreValidAndDifferent uses tokens that must be valid for a whole round.
func TestMintedTokensAreValidAndDifferent(t *testing.T) {
	now := time.Now()
	tokens, err := Mint(300, now, 5*time.Minute, []string{"entry"})
	if err != nil {
		t.Fatal(err)
	}
	g := New(map[string][]string{device: {"entry"}}, nil)
	seen := map[string]bool{}
	for i, token := range tokens {
		seen[token] = true
		if answer := string(g.check(token, "entry", now)); !strings.HasPrefix(answer, `{"verdict":"allow","reason":"ok",`) {
			t.Fatalf("token %d: %s", i, answer)
		}
	}
	if len(seen) != len(tokens) {
		t.Errorf("%d different tokens, want %d", len(seen), len(tokens))
	}
}
