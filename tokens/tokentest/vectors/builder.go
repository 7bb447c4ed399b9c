package vectors

import (
	"encoding/hex"
	"fmt"

	"github.com/railgate/railgate/tokens"
	"github.com/railgate/railgate/tokens/tokentest"
)

// book collects cases in the order they are written.
type cases struct {
	all     []*Vector
	names   map[string]bool
	genuine map[tokens.SignedPass][][16]byte
}

// All makes every vector.
func All() []*Vector { return write().all }

// Genuine maps every pass that an issuer key really signed in some case to the
// links of its session, first step first. Any other pass is a forgery.
func Genuine() map[tokens.SignedPass][][16]byte { return write().genuine }

// Issuers are the keys that Genuine passes are signed with.
func Issuers() []tokentest.Issuer {
	return []tokentest.Issuer{
		tokentest.NewIssuer(1), tokentest.NewIssuer(2),
		tokentest.NewIssuer(0), tokentest.NewIssuer(65535),
	}
}

func write() *cases {
	b := &cases{names: make(map[string]bool), genuine: make(map[tokens.SignedPass][][16]byte)}
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

// classes repeats the table of reasons.
var classes = map[string]string{
	"ok": "ok", "malformed": "passenger", "unsupported_version": "verifier",
	"unknown_key": "verifier", "key_retired": "issuer", "not_yet_valid": "verifier",
	"credential_expired": "passenger", "session_over": "passenger", "code_stale": "passenger",
	"code_ahead": "verifier", "wrong_scope": "passenger", "revoked": "passenger",
	"session_closed": "passenger", "link_mismatch": "fraud", "bad_signature": "fraud",
}

// add writes down a case: asked at the entry gate, by a gate that knows key 1.
func (c *cases) add(name, about string, now int64, reason string) *Vector {
	class, ok := classes[reason]
	if !ok || b.names[name] {
		panic(fmt.Sprintf("BUG: vector %s is written twice or its reason %q is not known", name, reason))
	}
	b.names[name] = true
	v := &Vector{
		Name: name, About: about, Now: now, Scope: "entry",
		Keys: []Key{key(1)}, Expect: Expect{Reason: reason, Class: class},
	}
	b.all = append(b.all, v)
	return v
}

// text is a case that has no bytes, or whose bytes alone would be judged otherwise.
func (c *cases) text(name, about, text, reason string) *Vector {
	v := b.add(name, about, start, reason)
	v.Text = &text
	return v
}

// wire is a case made of bytes, well formed or not.
func (c *cases) wire(name, about string, wire []byte, now int64, reason string) *Vector {
	v := b.add(name, about, now, reason)
	text := "RG1:" + base45(wire)
	v.Text, v.Wire = &text, hex.EncodeToString(wire)
	return v
}

// code is what a phone shows in a step of an honestly signed session.
func (c *cases) code(name, about string, s session, step byte, now int64, reason string) *Vector {
	return b.signed(name, about, s, step, s.sign(), now, reason)
}

// signed is a code whose signature was made some other way.
func (c *cases) signed(name, about string, s session, step byte, sig []byte, now int64, reason string) *Vector {
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

// key is an issuer's key in service.
func key(id tokens.KeyID) Key {
	public := tokentest.NewIssuer(id).Signer.Public()
	return Key{ID: uint16(id), Public: hex.EncodeToString(public[:])}
}

// cutOff is a key that is good only for exempt serials in sessions from then on.
func cutOff(id tokens.KeyID, from int64, exempt ...string) Key {
	k := key(id)
	k.CutOff, k.Exempt = &from, exempt
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
