package revocation_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/revocationtest"
)

// Only the authority can tell a gateway that it is out of date: a batch of an unknown version is verified
// before it counts as one.
func TestUnknownVersionIsVerifiedFirst(t *testing.T) {
	genuine := revocationtest.SealVersion('2', []byte("what this gateway cannot read"))
	forged, foreign := bytes.Clone(genuine), bytes.Clone(genuine)
	forged[10] ^= 1
	foreign[5] ^= 1
	short := append([]byte("RGC9"), genuine[4:8]...)
	for name, c := range map[string]struct {
		raw      []byte
		want     revocation.Outcome
		reported bool
	}{
		"genuine":                        {genuine, revocation.NewerVersion, true},
		"genuine, nothing but envelope":  {revocationtest.SealVersion('9', nil), revocation.NewerVersion, true},
		"forged":                         {forged, revocation.Forged, false},
		"of another authority":           {foreign, revocation.WrongAuthority, false},
		"a magic and rubbish":            {append([]byte("RGC2"), make([]byte, 200)...), revocation.WrongAuthority, false},
		"too short to have a signature":  {short, revocation.Unreadable, false},
		"the version of a genuine batch": {reversioned('2'), revocation.Forged, false},
	} {
		h := newHarness(t, 1)
		h.SetTargetOffset(0, 0)
		h.send(revocation.Applied, 0, 1, 1, start)
		if o := h.Apply(0, c.raw, start); o != c.want {
			t.Errorf("%s: %s, want %s", name, o, c.want)
		}
		h.ApplyAll(0, [][]byte{c.raw, c.raw}, start)
		s := h.Status(start)
		if s.Counts.Outcomes[c.want] != 3 {
			t.Errorf("%s: counted %v", name, s.Counts.Outcomes)
		}
		if reported := strings.Contains(strings.Join(s.Waiting, " "), "newer records seen"); reported != c.reported {
			t.Errorf("%s: waiting for %q", name, s.Waiting)
		}
	}
}

// reversioned is a batch whose version byte was changed by another writer.
func reversioned(version byte) []byte {
	raw := revocationtest.Seal(revocation.Batch{Epoch: 1, First: 1, IssuedAt: start}, revoke(serial))
	raw[3] = version
	return raw
}
