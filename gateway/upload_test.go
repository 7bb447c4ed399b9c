package gateway_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/railgate/railgate/gateway"
	"github.com/railgate/railgate/passage"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/tokens"
	"github.com/railgate/railgate/tokens/tokentest"
)

// uploaded is an offline scan with its key.
type uploaded struct {
	Code   string `json:"code"`
	AtMS   int64  `json:"scanned_at_ms"`
	Upload string `json:"upload,omitempty"`
}

// withUploads returns a running gateway that compares uploads.
func withUploads(t testing.TB) (*harness, *passages) {
	t.Helper()
	p, told := withPassback(t, gateway.PassbackEntry{Mode: "deny"})
	var err error
	if p.Passages.Conflicts, err = passage.NewConflicts(passage.ConflictsConfig{Window: passage.CodeLife * time.Millisecond, Passages: 1000}); err != nil {
		t.Fatal(err)
	}
	p.Passages.UploadError = 5 * time.Second
	return start(t, p), told
}

// upload sends scans as a device and returns, for each, its reason and passback.
func (s *harness) upload(device, scope string, scans ...uploaded) (said []string) {
	s.t.Helper()
	body, err := json.Marshal(map[string][]uploaded{"scans": scans})
	if err != nil {
		s.t.Fatal(err)
	}
	var read struct {
		Verdicts []struct {
			usage
			Reason string
		}
	}
	a := s.send("POST", "/v1/checks?scope="+scope, "Bearer "+device, string(body))
	if err := json.Unmarshal(a.body, &read); err != nil || len(read.Verdicts) != len(scans) {
		s.t.Fatalf("%v in %s", err, a.body)
	}
	for _, v := range read.Verdicts {
		if v.Passback == nil {
			said = append(said, v.Reason)
			continue
		}
		said = append(said, fmt.Sprint(v.Reason, " ", v.Passback.Result, " ", v.Passback.Flagged, " ", v.Passback.AgeMS))
	}
	return said
}

func expectSaid(t testing.TB, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A scan with a key becomes one passage, however often it is sent; without a key it leaves none.
func TestUploadBecomesOnePassage(t *testing.T) {
	s, p := withUploads(t)
	code := s.goodCode(7)
	expectSaid(t, s.upload(trainDevice, "entry", uploaded{code, now, ""}), "ok not_counted false 0")
	if told := p.take(); len(told) != 0 {
		t.Errorf("told %+v", told)
	}
	for range 3 {
		expectSaid(t, s.upload(trainDevice, "entry", uploaded{code, now, "k-1"}), "ok first false 0")
	}
	told := p.take()
	fields := s.issuer.Open(7, tokentest.Epoch).Fields
	want := passage.Passage{Serial: fields.Serial, Start: fields.Start, Way: passage.In, At: now, ErrorMS: 5000, Station: station, Device: "train-1",
		Upload: told[0].Upload, Gateway: 7}
	if len(told) != 3 || told[0] != want || told[1] != want || told[2] != want || want.Upload == 0 {
		t.Errorf("told %+v, want three times %+v", told, want)
	}
	// The gates know it too.
	s.turn(p, time.Second)
	s.expectUse(gateDevice, "scope=entry", code, "already_used/passenger", "exact used false 1000")
	// The key is that of one device: another one's is another passage.
	s.upload(gateDevice, "exit", uploaded{code, now, "k-1"})
	if other := p.take(); len(other) != 1 || other[0].Upload == want.Upload {
		t.Errorf("told %+v", other)
	}
	expectSaid(t, s.upload(trainDevice, "onboard", uploaded{code, now, "k-2"}), "ok not_counted false 0")
	expectSaid(t, s.upload(trainDevice, "entry", uploaded{"nonsense", now, "k-3"}), "malformed")
	// The time is part of the first report of a scan: a clock that lies later changes nothing.
	expectSaid(t, s.upload(trainDevice, "entry", uploaded{code, now + 30_000, "k-1"}), "scan_time_refused")
}

// Two scans of one code at two devices are a conflict, whatever the order and however often they are sent. Nothing
// is denied: what happened has happened.
func TestUploadsConflict(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		s, p := withUploads(t)
		s.turn(p, 90*time.Second)
		session := s.issuer.Open(7, tokentest.Epoch)
		first, second := session.Code(0), session.Code(1)
		type sent struct {
			device string
			scan   uploaded
		}
		all := []sent{
			{gateDevice, uploaded{first.Text(), now + 10_000, "a"}}, {gateDevice, uploaded{first.Text(), now + 10_000, "a"}},
			{trainDevice, uploaded{second.Text(), now + 70_000, "a"}}, {trainDevice, uploaded{second.Text(), now + 70_000, "a"}},
		}
		random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		for _, one := range all {
			s.upload(one.device, "entry", one.scan)
		}
		// Now that all is known, both report it, again and again.
		for _, one := range all {
			expectSaid(t, s.upload(one.device, "entry", one.scan), "ok used true 60000")
		}
		list := s.Passages.Conflicts.List()
		if len(list) != 1 || list[0].First.Device != "gate-1" || list[0].Second.Device != "train-1" || list[0].LowMS != 50_000 || list[0].HighMS != 70_000 {
			t.Fatalf("%+v", list)
		}
	}
}

// During an amnesty uploads leave no passages.
func TestUploadsDuringAnAmnesty(t *testing.T) {
	s, p := withUploads(t)
	s.feed.Apply(now, revocation.Record{Kind: revocation.KindAmnesty, At: now, Scopes: tokens.Scopes(tokens.Entry), From: now/1000 - 60, Until: now/1000 + 60})
	expectSaid(t, s.upload(trainDevice, "entry", uploaded{s.goodCode(7), now, "k"}), "ok amnesty false 0")
	if told := p.take(); len(told) != 0 {
		t.Errorf("told %+v", told)
	}
}

// A gateway without a policy on second use accepts keys and ignores them.
func TestUploadKeysWithoutPolicyAreIgnored(t *testing.T) {
	s := start(t, setup{})
	scan := s.scanAt(7, now)
	with := s.send("POST", "/v1/checks?scope=entry", "Bearer "+gateDevice, strings.Replace(bodyOf(scan), `,"scanned`, `,"upload":"k","scanned`, 1))
	if without := s.checks("entry", scan); string(with.body) != string(without.body) || with.status != 200 {
		t.Errorf("%s\n%s", with.body, without.body)
	}
}
