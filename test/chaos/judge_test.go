package main

import "testing"

func given(reason, state string, watermark int64) *verdict {
	v := &verdict{Verdict: "deny", Reason: reason}
	if reason == "ok" {
		v.Verdict = "allow"
	}
	v.Revocation.State, v.Revocation.WatermarkMS = state, watermark
	return v
}

// The guarantee covers only watermarks after the acknowledgement.
func TestVerdictIsComparedWithTheAcknowledgedStatus(t *testing.T) {
	never := status{Version: 0, Settled: true}
	revoked := status{Version: 2, Settled: true, Revoked: true, Ever: true, SentMS: 90, AckMS: 100}
	unrevoked := status{Version: 4, Settled: true, Ever: true, SentMS: 190, AckMS: 200}
	left := status{Version: 2, Settled: true, Revoked: true, Ever: true, Leaves: true, SentMS: 90, AckMS: 100}
	stays := status{Version: 0, Settled: true, Leaves: true}
	for _, c := range []struct {
		name string
		what status
		v    *verdict
		want judgement
	}{
		{"revoked, and the watermark is past it", revoked, given("ok", "fresh", 101), wrongAdmission},
		{"the same from a gateway in doubt", revoked, given("ok", "suspect", 101), wrongAdmission},
		{"the same from a stale one", revoked, given("ok", "stale", 101), wrongAdmission},
		{"revoked in the watermark's own millisecond", revoked, given("ok", "fresh", 100), early},
		{"revoked, and refused early", revoked, given("revoked", "fresh", 1), rightRefusal},
		{"admitted without data", never, given("ok", "booting", 0), wrongAdmission},
		{"admitted on data that are too old", never, given("ok", "expired", 500), wrongAdmission},
		{"refused without data", never, given("no_revocation_data", "booting", 0), noData},
		{"never revoked", never, given("ok", "fresh", 500), rightAdmission},
		{"never revoked, and refused as revoked in doubt", never, given("revoked", "suspect", 500), wrongRefusal},
		{"never revoked, and refused for another reason", never, given("unknown_key", "fresh", 500), wrongRefusal},
		{"unrevoked, and the watermark is past it", unrevoked, given("revoked", "fresh", 201), wrongRefusal},
		{"unrevoked, and the gateway reads the stream again", unrevoked, given("revoked", "suspect", 201), inDoubt},
		{"unrevoked a moment ago", unrevoked, given("revoked", "fresh", 200), early},
		{"left, and the watermark is past it", left, given("ok", "fresh", 101), wrongAdmission},
		{"left, and refused early", left, given("session_closed", "fresh", 1), rightRefusal},
		{"left in the watermark's own millisecond", left, given("ok", "fresh", 100), early},
		{"never left, and refused as closed in doubt", stays, given("session_closed", "suspect", 500), wrongRefusal},
		{"never left, and refused as revoked", stays, given("revoked", "suspect", 500), wrongRefusal},
		{"unrevoked, and refused as closed", unrevoked, given("session_closed", "suspect", 201), wrongRefusal},
		{"unrevoked, and admitted", unrevoked, given("ok", "stale", 1), rightAdmission},
	} {
		if got := judge(c.what, c.what, c.v); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

// While a request is in progress, or its outcome is unknown, both answers may be correct.
func TestChangingCredentialIsNotJudged(t *testing.T) {
	v := given("ok", "fresh", 1000)
	settled := status{Version: 2, Settled: true, Revoked: true, Ever: true, AckMS: 100}
	moved, open := settled, settled
	moved.Version, open.Settled = 3, false
	for _, c := range [][2]status{{settled, moved}, {open, open}} {
		if got := judge(c[0], c[1], v); got != changing {
			t.Errorf("%+v: %s", c, got)
		}
	}
}
