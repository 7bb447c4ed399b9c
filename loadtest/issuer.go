package loadtest

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/railgate/railgate/test/idnumber"
	"github.com/railgate/railgate/tokens"
)

// issuer is the issuing side as its HTTP API shows it.
type issuer struct {
	base, staff string
	http        *http.Client
	policy      atomic.Pointer[string] // version of the privacy policy in force; nil: not asked yet
}

func newIssuer(base, staff string) *issuer {
	return &issuer{base: base, staff: staff, http: &http.Client{
		Timeout: IssuerTimeout,
		// No proxy: credentials go to the named host or nowhere.
		Transport:     &http.Transport{MaxIdleConnsPerHost: revokers},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// realSession is a session that the issuer opened.
type realSession struct {
	serial tokens.Serial
	pass   tokens.SignedPass
	links  []tokens.Link
	start  int64
}

// open goes the whole way of a passenger: application, real-person check,
// session in anchor mode.
func (i *issuer) open(ctx context.Context, p person, random *rand.Rand) (*realSession, error) {
	policy, err := i.policyInForce(ctx)
	if err != nil {
		return nil, fmt.Errorf("privacy policy: %w", err)
	}
	var applied struct {
		Application string `json:"application"`
		Access      string `json:"access_token"`
	}
	err = i.post(ctx, "/v1/applications", "", map[string]any{
		"name": p.name, "document_type": "resident_id", "document_number": p.number, "city": "北京",
		"location": map[string]float64{"latitude": 39.8651, "longitude": 116.3785}, // Beijing South station
		"policy":   policy,
	}, http.StatusCreated, &applied)
	if err != nil {
		return nil, fmt.Errorf("apply: %w", err)
	}
	path := "/v1/applications/" + url.PathEscape(applied.Application)

	var checked struct {
		Check       string `json:"check"`
		Application struct {
			Serial string `json:"serial"`
		} `json:"application"`
	}
	err = i.post(ctx, path+"/checks", applied.Access, map[string]any{"evidence": "sandbox:pass"}, http.StatusCreated, &checked)
	if err != nil {
		return nil, fmt.Errorf("real-person check: %w", err)
	}
	serial, err := tokens.ParseSerial(checked.Application.Serial)
	if err != nil {
		return nil, fmt.Errorf("real-person check: field application.serial: %w", err)
	}

	var seed tokens.Link
	for b := range seed {
		seed[b] = byte(random.Uint32())
	}
	anchor, links := tokens.Chain(seed, serial, tokens.Length)
	var opened struct {
		Pass  string `json:"pass"`
		Start int64  `json:"start_at"`
	}
	err = i.post(ctx, path+"/sessions", applied.Access, map[string]any{
		"check": checked.Check, "mode": "anchor", "anchor": hex.EncodeToString(anchor[:]),
	}, http.StatusCreated, &opened)
	if err != nil {
		return nil, fmt.Errorf("session: %w", err)
	}
	s := &realSession{serial: serial, links: links, start: opened.Start}
	if n, err := hex.Decode(s.pass[:], []byte(opened.Pass)); err != nil || n != len(s.pass) || len(opened.Pass) != 2*n {
		return nil, fmt.Errorf("session: field pass: expected %d hex characters", 2*len(s.pass))
	}
	return s, s.sound(anchor)
}

// policyInForce is the version of the privacy policy that applicants agree to. The first
// callers ask the issuer for it.
func (i *issuer) policyInForce(ctx context.Context) (string, error) {
	if known := i.policy.Load(); known != nil {
		return *known, nil
	}
	var policy struct {
		Version string `json:"version"`
	}
	if err := i.ask(ctx, http.MethodGet, "/v1/privacy-policy", "", nil, http.StatusOK, &policy); err != nil {
		return "", err
	}
	i.policy.Store(&policy.Version)
	return policy.Version, nil
}

// sound checks that the pass is the one asked for, before a gate is blamed for it.
func (s *realSession) sound(anchor tokens.Link) error {
	shown := tokens.Assemble(&s.pass, 0, s.links[0])
	var t tokens.Token
	if t.Parse(shown.Bytes()) != tokens.ReasonOK {
		return fmt.Errorf("session: field pass: no gate would parse it")
	}
	f := t.Fields()
	if f.Serial != s.serial || f.Anchor != anchor || f.Start != s.start ||
		f.Period != tokens.Period || f.Length != tokens.Length {
		return fmt.Errorf("session: field pass: serial, anchor, start, period or length is not that of the session")
	}
	return nil
}

// revoke withdraws a credential as staff do.
func (i *issuer) revoke(ctx context.Context, serial tokens.Serial) error {
	var accepted struct {
		Serial string `json:"serial"`
	}
	err := i.post(ctx, "/v1/credentials/"+serial.String()+"/revoke", i.staff, map[string]any{"reason": "staff"}, http.StatusAccepted, &accepted)
	if err != nil {
		return fmt.Errorf("revoke: %w", err)
	}
	if accepted.Serial != serial.String() {
		return fmt.Errorf("revoke: the issuer names another serial than the one asked for")
	}
	return nil
}

// post sends one JSON request.
func (i *issuer) post(ctx context.Context, path, bearer string, body any, want int, into any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	return i.ask(ctx, http.MethodPost, path, bearer, text, want, into)
}

// ask sends one request. What the answer holds beyond the fields asked for is the
// issuer's business. Errors name the status and the problem's code, never what was sent.
func (i *issuer) ask(ctx context.Context, method, path, bearer string, body []byte, want int, into any) error {
	req, err := http.NewRequestWithContext(ctx, method, i.base+path, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("the issuer's address or an identifier it gave cannot be used in a URL")
	}
	req.Header.Set("Content-Type", "application/json")
	if bearer != "" {
		req.Header.Set("Authorization", "Bearer "+bearer)
	}
	begun := time.Now()
	resp, err := i.http.Do(req)
	if err != nil {
		return fmt.Errorf("issuer did not answer after %v: %w", time.Since(begun).Round(time.Millisecond), unwrapURL(err))
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, MaxAnswer))
	if err != nil {
		return fmt.Errorf("issuer's answer broke off: %w", err)
	}
	if resp.StatusCode != want {
		var problem struct {
			Code string `json:"code"`
		}
		_ = json.Unmarshal(text, &problem) // an answer that is no problem document has no code to show
		return fmt.Errorf("issuer answered HTTP %d %q, expected %d", resp.StatusCode, plain(problem.Code), want)
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("issuer's answer is not the JSON of the contract")
	}
	return nil
}

// unwrapURL drops the address from the error: it holds serials and identifiers.
func unwrapURL(err error) error {
	if e, ok := err.(*url.Error); ok {
		return e.Err
	}
	return err
}

// plain keeps a stable code and nothing else of what another program sent.
func plain(code string) string {
	for _, c := range code {
		if c != '_' && (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return "?"
		}
	}
	return code[:min(len(code), 40)]
}

// person is an applicant made up for the test. The number has a valid form, or
// the issuer would refuse it; the birth date lies in 1900 to 1909, so that it
// belongs to nobody who could use it today.
type person struct{ name, number string }

// testRegion is the six-digit region with which every test number begins.
const testRegion = "110105"

var testNames = [...]string{"测试甲", "测试乙", "测试丙", "测试丁", "测试戊"}

func newPerson(random *rand.Rand) person {
	born := time.Date(1900, time.January, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, random.IntN(3650))
	digits := fmt.Sprintf("%s%s%03d", testRegion, born.Format("20060102"), random.IntN(1000))
	return person{
		name:   testNames[random.IntN(len(testNames))],
		number: idnumber.Complete(digits),
	}
}
