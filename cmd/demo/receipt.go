package main

import (
	"errors"
	"time"

	"github.com/railgate/railgate/bundle"
)

// receipt shows a signed verdict. The handheld verifies it with what it pinned and fetched, without a network.
func (s *story) receipt(a, _ *phone) error {
	s.title("A verdict can be proved later")
	h := s.handset(s.beijing)
	kind, _, err := h.fetch("G9")
	s.step("bundle", "an auditor has the keys from a bundle", kind, "full", s.took, err)
	code := a.code(a.step())
	gate := h.gate
	gate.More = "&receipt=1"
	v, err := s.scan(gate, code.Text(), "entry")
	s.compareVerdict("the gateway signs its verdict on request", err, v, "ok")
	raw, err := bundle.ReceiptText.DecodeString(v.Receipt)
	if err != nil || len(raw) == 0 {
		return errors.New("the verdict has no receipt")
	}
	s.proves("the receipt proves this verdict on this code", h, raw, code.Text(), "ok, allow entry")
	raw[10] ^= 1 // in the hash of the code
	s.proves("an altered receipt proves nothing", h, raw, code.Text(), bundle.Code(bundle.ErrReceiptSignature))
	return nil
}

// proves verifies a receipt with the keys of the handheld's bundle, and that it is about the code.
func (s *story) proves(what string, h *handset, raw []byte, code, want string) {
	began := time.Now()
	r, err := bundle.OpenReceipt(raw, h.verifier)
	took := time.Since(began)
	got := bundle.Code(err)
	switch {
	case err == nil && r.Code != bundle.HashCode([]byte(code)):
		got = "about another code"
	case err == nil:
		got += ", " + r.Decision.String() + " " + r.Scope.String()
	}
	s.step("receipt", what, got, want, took, nil)
}
