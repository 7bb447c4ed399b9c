package vectors

import (
	"encoding/hex"
	"fmt"

	"github.com/railgate/railgate/tokens"
	"github.com/railgate/railgate/tokens/tokentest"
)

// builder collects cases in the order of the source.
type builder struct {
	all     []*Vector
	names   map[string]bool
	genuine map[tokens.SignedPass][][16]byte
}

// All returns every vector.
func All() []*Vector { return build().all }

// Genuine maps every pass that an issuer key signed in some case to the links of its
// session, step 0 first. Any other pass is a forgery.
func Genuine() map[tokens.SignedPass][][16]byte { return build().genuine }

// Issuers returns the issuers whose keys signed the passes of Genuine.
func Issuers() []tokentest.Issuer {
	return []tokentest.Issuer{
		tokentest.NewIssuer(1), tokentest.NewIssuer(2),
		tokentest.NewIssuer(0), tokentest.NewIssuer(65535),
	}
}

func build() *builder {
	b := &builder{names: make(map[string]bool), genuine: make(map[tokens.SignedPass][][16]byte)}
	b.ordinary()
	b.extremes()
	b.window()
	b.wide()
	b.credential()
	b.days()
	b.bounds()
	b.wires()
	b.texts()
	b.alphabet()
	b.tampering()
	b.links()
	b.signatures()
	b.scalars()
	b.keys()
	b.badKeys()
	b.exempt()
	b.revocations()
	b.subjects()
	b.closed()
	b.order()
	return b
}

// classes repeats the classes of docs/token-format.md section 11.
var classes = map[string]string{
	"ok": "ok", "malformed": "passenger", "unsupported_version": "verifier",
	"unknown_key": "verifier", "key_retired": "issuer", "not_yet_valid": "verifier",
	"credential_expired": "passenger", "session_over": "passenger", "code_stale": "passenger",
	"code_ahead": "verifier", "wrong_scope": "passenger", "revoked": "passenger",
	"session_closed": "passenger", "link_mismatch": "fraud", "bad_signature": "fraud",
}

// add adds a case for the scope entry and a gate that has key 1.
func (b *builder) add(name, about string, now int64, reason string) *Vector {
	class, ok := classes[reason]
	if !ok || b.names[name] {
		panic(fmt.Sprintf("BUG: vector %s exists already or its reason %q is unknown", name, reason))
	}
	b.names[name] = true
	v := &Vector{
		Name: name, About: about, Now: now, Scope: "entry",
		Keys: []Key{key(1)}, Expect: Expect{Reason: reason, Class: class},
	}
	b.all = append(b.all, v)
	return v
}

// text adds a case without bytes, or whose bytes alone would get another answer.
func (b *builder) text(name, about, text, reason string) *Vector {
	v := b.add(name, about, start, reason)
	v.Text = &text
	return v
}

// wire adds a case from bytes, well-formed or not.
func (b *builder) wire(name, about string, wire []byte, now int64, reason string) *Vector {
	v := b.add(name, about, now, reason)
	text := "RG1:" + base45(wire)
	v.Text, v.Wire = &text, hex.EncodeToString(wire)
	return v
}

// code adds the code that a phone shows in a step of a correctly signed session.
func (b *builder) code(name, about string, s session, step byte, now int64, reason string) *Vector {
	return b.signed(name, about, s, step, s.sign(), now, reason)
}

// signed adds a code with the given signature.
func (b *builder) signed(name, about string, s session, step byte, sig []byte, now int64, reason string) *Vector {
	wire := s.wire(step, sig)
	v := b.wire(name, about, wire, now, reason)
	anchor, links := s.chain()
	if s.genuine() && (reason == "ok" || string(sig) == string(s.sign())) {
		b.genuine[tokens.SignedPass(wire)] = links
	}
	if reason == "ok" {
		v.Fields = &Fields{
			Key: s.key, Day: s.day, Index: s.index, Subject: hex.EncodeToString(s.subject[:]),
			Start: s.start, Expiry: s.expiry, Period: int64(s.period), Length: int64(s.length),
			Scopes: scopeNames(s.scopes), Anchor: hex.EncodeToString(anchor[:]),
			Step: int64(step), Link: hex.EncodeToString(links[step][:]),
		}
	}
	return v
}

// chained adds the session's chain to a case.
func (v *Vector) chained(s session) *Vector {
	_, links := s.chain()
	v.Chain = &Chain{Seed: hex.EncodeToString(s.seed[:])}
	for _, link := range links {
		v.Chain.Links = append(v.Chain.Links, hex.EncodeToString(link[:]))
	}
	return v
}

// key returns an issuer's key without a cutoff.
func key(id tokens.KeyID) Key {
	public := tokentest.NewIssuer(id).Signer.Public()
	return Key{ID: uint16(id), Public: hex.EncodeToString(public[:])}
}

// cutoff returns a key with a cutoff. It is valid for exempt serials in later sessions.
func cutoff(id tokens.KeyID, from int64, exempt ...string) Key {
	k := key(id)
	k.Cutoff, k.Exempt = &from, exempt
	return k
}

var scopes = []string{"sale", "refund", "change", "verify", "entry", "exit", "onboard"}

func scopeNames(set byte) []string {
	names := []string{}
	for bit, name := range scopes {
		if set&(1<<bit) != 0 {
			names = append(names, name)
		}
	}
	return names
}
