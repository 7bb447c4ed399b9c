package gateway_test

import (
	"slices"
	"testing"

	"github.com/railgate/railgate/gateway"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/tokens"
	"github.com/railgate/railgate/tokens/tokentest"
)

// advanceTo sets the clock, Unix ms, and applies a heartbeat of that time.
func (s *harness) advanceTo(at int64) {
	s.clock.Store(at)
	s.feed.Apply(at)
}

// A handheld had no network: its codes are judged at the minute of their scan, although
// their sessions have ended since.
func TestScanIsJudgedAtItsScanTime(t *testing.T) {
	s := start(t, setup{})
	session := s.issuer.Open(7, tokentest.Epoch)
	first, third := session.Code(0), session.Code(2)
	s.advanceTo(now + 3*3600_000)
	if v := s.check("onboard", third.Text()).verdict(t); v.Reason != "session_over" {
		t.Fatalf("checked now, the code gets %s", v.Reason)
	}
	_, read := s.checks("onboard",
		scanned{third.Text(), now + 130_999},
		scanned{first.Text(), now + 130_000},
		scanned{third.Text(), now + 100_000},
		scanned{third.Text(), now - 60_000},
		scanned{third.Text(), now + 3600_000},
		scanned{third.Text(), now + 3*3600_000},
	).verdicts(t)
	if got, want := reasonsOf(read), []string{"ok", "code_stale", "code_ahead", "not_yet_valid", "session_over", "session_over"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if v := read[0]; v.SecondsLeft != 30*60-130 || v.Revocation.AgeMS != 0 || v.Revocation.WatermarkMS != now+3*3600_000 {
		t.Errorf("want seconds left as of the scan and data as of now: %d, %+v", v.SecondsLeft, v.Revocation)
	}
}

// The credential expired after the scan, in the middle of a session.
func TestCredentialThatExpiredAfterTheScanPasses(t *testing.T) {
	s := start(t, setup{})
	const end = tokentest.Epoch + 600
	session := s.issuer.OpenAs(tokens.Pass{Serial: tokens.Serial{Day: uint16(tokens.DayOf(end - tokens.CredentialLife)), Index: 7},
		Start: tokentest.Epoch, Expiry: end, Period: tokens.Period, Length: tokens.Length, Scopes: tokens.Scopes(tokens.Onboard)})
	code := session.Code(9)
	s.advanceTo((end + 3600) * 1000)
	_, read := s.checks("onboard", scanned{code.Text(), end*1000 - 1}, scanned{code.Text(), end * 1000}).verdicts(t)
	if got, want := reasonsOf(read), []string{"ok", "credential_expired"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestScanTimesOutOfRangeAreRefused(t *testing.T) {
	s := start(t, setup{})
	early, late := now+gateway.ScanEarly.Milliseconds(), now-gateway.ScanLate.Milliseconds()
	_, read := s.checks("entry",
		s.scanAt(1, early), s.scanAt(2, early+1),
		s.scanAt(3, late), s.scanAt(4, late-1),
		scanned{s.goodCode(5), 999_999_999_999_999}, scanned{s.goodCode(6), 0}, scanned{"nonsense", 0}, scanned{"RG9:", early + 1},
	).verdicts(t)
	want := []string{"ok", "scan_time_refused", "ok", "scan_time_refused", "scan_time_refused", "scan_time_refused", "malformed", "unsupported_version"}
	if got := reasonsOf(read); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	v := read[1]
	if en, zh := tokens.ReasonScanTime.Text(); v.Class != "verifier" || v.Text.EN != en || v.Text.ZH != zh {
		t.Errorf("refused as %s: %+v", v.Class, v.Text)
	}
}

// A revocation applies to earlier scans as well: being offline gives no advantage.
func TestRevocationAppliesToEarlierScans(t *testing.T) {
	s := start(t, setup{})
	before, after := s.scanAt(1, now+60_000), s.scanAt(2, now+60_000)
	other := s.scanAt(3, now+60_000)
	s.feed.Revoke(now, s.issuer.Open(1, tokentest.Epoch).Fields.Serial)
	s.advanceTo(now + 5*3600_000)
	s.feed.Revoke(s.clock.Load(), s.issuer.Open(2, tokentest.Epoch).Fields.Serial)
	_, read := s.checks("onboard", before, after, other).verdicts(t)
	if got, want := reasonsOf(read), []string{"revoked", "revoked", "ok"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// Closing a session does not affect earlier scans, but refuses later ones. The second of
// the closing counts as closed.
func TestClosingASessionAppliesToLaterScans(t *testing.T) {
	s := start(t, setup{})
	session := s.issuer.Open(1, tokentest.Epoch)
	at := func(ms int64) scanned {
		code := session.Code(int(ms / 60_000))
		return scanned{code.Text(), now + ms}
	}
	s.advanceTo(now + 90_500)
	s.feed.Close(s.clock.Load(), session.Fields)
	if v := s.check("onboard", at(90_500).Code).verdict(t); v.Reason != "session_closed" {
		t.Fatalf("checked now, the code gets %s", v.Reason)
	}
	s.advanceTo(now + 23*3600_000)
	_, read := s.checks("onboard", at(0), at(89_999), at(90_000), at(120_000), s.scanAt(2, now+120_000)).verdicts(t)
	if got, want := reasonsOf(read), []string{"ok", "ok", "session_closed", "session_closed", "ok"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// The last second of a day's last credential is scanned and reported at the latest
// allowed time. Only the afterlife keeps the gateway from having forgotten that day.
func TestRevocationOutlivesTheLatestReport(t *testing.T) {
	s := start(t, setup{})
	day := uint16(tokens.DayOf(tokentest.Epoch))
	over := tokens.DayOver(day)
	session := s.issuer.OpenAs(tokens.Pass{Serial: tokens.Serial{Day: day, Index: 7}, Start: over - 301, Expiry: over - 1,
		Period: tokens.Period, Length: tokens.Length, Scopes: tokens.Scopes(tokens.Onboard)})
	code := session.Code(4)
	scan := scanned{code.Text(), (over-1)*1000 - 1}
	s.feed.Revoke(now, session.Fields.Serial)

	s.advanceTo(scan.AtMS + gateway.ScanLate.Milliseconds())
	if n := s.feed.Replica.Forget(s.clock.Load()); n != 0 {
		t.Errorf("%d revocations were forgotten too early", n)
	}
	if _, read := s.checks("onboard", scan).verdicts(t); read[0].Reason != "revoked" {
		t.Errorf("the last moment: %s", read[0].Reason)
	}
	s.advanceTo(s.clock.Load() + 1)
	if _, read := s.checks("onboard", scan).verdicts(t); read[0].Reason != "scan_time_refused" {
		t.Errorf("a millisecond later: %s", read[0].Reason)
	}
	// Such scans are refused because revocations may be forgotten from then.
	if n := s.feed.Replica.Status(s.clock.Load()).Revoked; n != 1 {
		t.Errorf("%d revocations are known before the end of the afterlife, want 1", n)
	}
	s.advanceTo(over*1000 + revocation.Afterlife.Milliseconds())
	s.feed.Replica.Forget(s.clock.Load()) // the heartbeat may have done so already
	if n := s.feed.Replica.Status(s.clock.Load()).Revoked; n != 0 {
		t.Errorf("%d revocations are known after the end of the afterlife", n)
	}
}

// A gateway that may not judge codes now does not judge earlier scans either.
func TestBatchFollowsTheFreshnessPolicy(t *testing.T) {
	s := start(t, setup{})
	scan := s.scanAt(7, now)
	s.clock.Add(10_000)
	_, read := s.checks("entry", scan, scanned{"nonsense", now}).verdicts(t)
	if read[0].Reason != "ok" || !read[0].Revocation.Flagged || read[0].Revocation.State != "stale" || !read[1].Revocation.Flagged {
		t.Errorf("on stale data: %+v", read)
	}
	s.clock.Add(3600_000)
	_, read = s.checks("entry", scan, scanned{"nonsense", now}, scanned{scan.Code, 0}).verdicts(t)
	if got, want := reasonsOf(read), []string{"stale_revocation_data", "malformed", "stale_revocation_data"}; !slices.Equal(got, want) {
		t.Errorf("on expired data: %v, want %v", got, want)
	}
}
