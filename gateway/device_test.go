package gateway_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/railgate/railgate/gateway"
)

func TestEveryInvalidCredentialGetsTheSameProblem(t *testing.T) {
	s := start(t, setup{})
	code := s.goodCode(7)
	var first answer
	for i, authorization := range []string{
		"",
		"Bearer " + unknownDevice,
		"Bearer",
		"bearer " + gateDevice,
		"Basic " + gateDevice,
		"Bearer  " + gateDevice,
		gateDevice,
		"Bearer " + strings.ToUpper(gateDevice),
		"Bearer " + gateDevice[:len(gateDevice)-1],
		"Bearer " + gateDevice + "a",
		"Bearer " + strings.TrimPrefix(gateDevice, gateway.CredentialPrefix),
		"Bearer rga_" + strings.TrimPrefix(gateDevice, gateway.CredentialPrefix),
		"Bearer " + gateDevice + ", Bearer " + gateDevice,
		"Bearer " + gateway.HashCredential(gateDevice),
	} {
		a := s.expectProblem("device_unknown", func() answer { return s.send("POST", "/v1/check?scope=entry", authorization, code) })
		if a.header.Get("WWW-Authenticate") != `Bearer realm="railgate"` {
			t.Errorf("credential %d: WWW-Authenticate is %q", i, a.header.Get("WWW-Authenticate"))
		}
		if i == 0 {
			first = a
		}
		if !bytes.Equal(a.body, first.body) {
			t.Errorf("credential %d gets another answer than a missing one: %s", i, a.body)
		}
	}
}

func TestCredentialIsCheckedBeforeScope(t *testing.T) {
	// The credential is looked at before the scope.
	s := start(t, setup{})
	for _, target := range []string{"/v1/check", "/v1/check?scope=nothing", "/v1/check?scope=sale&scope=sale"} {
		s.expectProblem("device_unknown", func() answer { return s.send("POST", target, "Bearer "+unknownDevice, "x") })
	}
}

func TestDeviceIsLimitedToItsScopes(t *testing.T) {
	s := start(t, setup{})
	code := s.goodCode(7)
	shop := func(scope string) answer { return s.send("POST", "/v1/check?scope="+scope, "Bearer "+shopDevice, code) }
	if v := shop("sale").verdict(t); v.Reason != "ok" {
		t.Errorf("the shop's own scope got %s", v.Reason)
	}
	for _, scope := range []string{"refund", "change", "verify", "entry", "exit", "onboard"} {
		s.expectProblem("scope_not_allowed", func() answer { return shop(scope) })
	}
}

func TestInvalidDeviceEntriesAreRefused(t *testing.T) {
	good := gateway.DeviceEntry{ID: "gate-1", Hash: gateway.HashCredential(gateDevice), Scopes: []string{"entry"}}
	with := func(change func(*gateway.DeviceEntry)) gateway.DeviceEntry {
		e := good
		change(&e)
		return e
	}
	for _, c := range []struct {
		name    string
		entries []gateway.DeviceEntry
		want    string // in the error; empty: none
	}{
		{"none", nil, ""},
		{"good", []gateway.DeviceEntry{good}, ""},
		{"no id", []gateway.DeviceEntry{with(func(e *gateway.DeviceEntry) { e.ID = "" })}, "id must be set"},
		{"long id", []gateway.DeviceEntry{with(func(e *gateway.DeviceEntry) { e.ID = strings.Repeat("x", 65) })}, "at most 64"},
		{"id twice", []gateway.DeviceEntry{good, with(func(e *gateway.DeviceEntry) { e.Hash = gateway.HashCredential(shopDevice) })}, "unique"},
		{"one credential for two", []gateway.DeviceEntry{good, with(func(e *gateway.DeviceEntry) { e.ID = "gate-2" })}, "another device"},
		{"short hash", []gateway.DeviceEntry{with(func(e *gateway.DeviceEntry) { e.Hash = e.Hash[:62] })}, "64 hex"},
		{"the credential itself", []gateway.DeviceEntry{with(func(e *gateway.DeviceEntry) { e.Hash = gateDevice })}, "64 hex"},
		{"unknown scope", []gateway.DeviceEntry{with(func(e *gateway.DeviceEntry) { e.Scopes = []string{"all"} })}, "unknown scope"},
		{"no scope", []gateway.DeviceEntry{with(func(e *gateway.DeviceEntry) { e.Scopes = nil })}, "scopes is empty"},
	} {
		devices, err := gateway.NewDevices(c.entries)
		switch {
		case c.want == "" && (err != nil || devices.Len() != len(c.entries)):
			t.Errorf("%s: %v", c.name, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: error %v, want one with %q", c.name, err, c.want)
		case err != nil && (strings.Contains(err.Error(), good.Hash) || strings.Contains(err.Error(), gateDevice)):
			t.Errorf("%s: the error quotes a secret: %v", c.name, err)
		}
	}
}
