package harness

import (
	"encoding/hex"
	"net/http"

	"github.com/railgate/railgate/issuance/provider/facecheck"
	"github.com/railgate/railgate/tokens"
)

// The evidence that makes the sandbox for face checks pass or fail.
const (
	FacePasses = facecheck.SandboxPass
	FaceFails  = facecheck.SandboxFail
)

// Standing is how an application stands.
type Standing struct {
	Application string `json:"application"`
	Status      string `json:"status"`
	RefusedFor  string `json:"refused_for"`
	Serial      string `json:"serial"`
	SubmittedAt int64  `json:"submitted_at"`
	ApprovedAt  int64  `json:"approved_at"`
	ExpiresAt   int64  `json:"expires_at"`
	RenewableAt int64  `json:"renewable_at"`
}

// Passenger is a person with an application, and their phone's data of it.
type Passenger struct {
	h      *Harness
	Person Person
	Token  string // access token, or that of a login
	Standing

	phone
}

// phone is what shows the code: in anchor mode it makes the codes itself, in hosted
// mode the issuer does.
type phone struct {
	session string
	start   int64
	pass    tokens.SignedPass
	links   []tokens.Link // nil: hosted
}

// Apply submits an application of a person who is not logged in.
func (h *Harness) Apply(who Person) *Passenger {
	h.T.Helper()
	return h.applied(who, "", h.Call("POST", "/v1/applications", "", who.Application()))
}

func (h *Harness) applied(who Person, login string, a Answer) *Passenger {
	h.T.Helper()
	out := As[struct {
		Standing
		Token string `json:"access_token"`
	}](h.T, a, http.StatusCreated)
	if login != "" {
		out.Token = login
	}
	return &Passenger{h: h, Person: who, Token: out.Token, Standing: out.Standing}
}

// Call sends a request about the application; path follows /v1/applications/{id}.
func (p *Passenger) Call(method, path string, body any) Answer {
	p.h.T.Helper()
	return p.h.Call(method, "/v1/applications/"+p.Application+path, p.Token, body)
}

// Now is how the application stands now.
func (p *Passenger) Now() Standing {
	p.h.T.Helper()
	return As[Standing](p.h.T, p.Call("GET", "", nil), http.StatusOK)
}

// Check passes the face check and returns its id; the first one approves the application.
func (p *Passenger) Check() (check string) {
	p.h.T.Helper()
	out := As[struct {
		Check       string
		Application Standing
	}](p.h.T, p.TryCheck(FacePasses), http.StatusCreated)
	out.Application.Application = p.Application
	p.Standing = out.Application
	return out.Check
}

// TryCheck has the face checked with an outcome of the test's choice.
func (p *Passenger) TryCheck(evidence string) Answer {
	p.h.T.Helper()
	return p.Call("POST", "/checks", Object{"evidence": evidence})
}

// Approved applies for a person and passes the face check.
func (h *Harness) Approved(who Person) (p *Passenger, check string) {
	h.T.Helper()
	p = h.Apply(who)
	return p, p.Check()
}

// Showing is a passenger whose phone shows a code.
func (h *Harness) Showing(who Person) *Passenger {
	h.T.Helper()
	p, check := h.Approved(who)
	p.Show(check)
	return p
}

// Show opens a session on a passed check; the phone makes the codes.
func (p *Passenger) Show(check string) {
	p.h.T.Helper()
	serial, err := tokens.ParseSerial(p.Serial)
	p.h.must(err)
	anchor, links := tokens.Chain(tokens.Link{1, 2, 3}, serial, tokens.Length)
	p.open(Object{"check": check, "mode": "anchor", "anchor": hex.EncodeToString(anchor[:])})
	p.links = links
}

// Host opens a session on a passed check; the issuer makes the codes.
func (p *Passenger) Host(check string) {
	p.h.T.Helper()
	p.open(Object{"check": check, "mode": "hosted"})
	p.links = nil
}

func (p *Passenger) open(body Object) {
	p.h.T.Helper()
	s := As[struct {
		Session string
		Pass    string
		StartAt int64 `json:"start_at"`
	}](p.h.T, p.Call("POST", "/sessions", body), http.StatusCreated)
	p.session, p.start = s.Session, s.StartAt
	raw, err := hex.DecodeString(s.Pass)
	p.h.must(err)
	copy(p.pass[:], raw)
}

// Step is the 60-second period of the session that the clock is in.
func (p *Passenger) Step() int { return int(p.h.Clock.Now().Unix()-p.start) / tokens.Period }

// Code is what the phone shows now. After the last period it still shows the last code,
// as a phone does that was left alone.
func (p *Passenger) Code() string {
	p.h.T.Helper()
	if p.links == nil {
		return As[struct{ Text string }](p.h.T, p.TryCode(), http.StatusOK).Text
	}
	return p.CodeAt(min(p.Step(), tokens.Length-1))
}

// CodeAt is the code of a period, made by the phone.
func (p *Passenger) CodeAt(step int) string {
	t := tokens.Assemble(&p.pass, uint8(step), p.links[step])
	return string(t.AppendText(nil))
}

// TryCode asks the issuer for the code of a hosted session.
func (p *Passenger) TryCode() Answer {
	p.h.T.Helper()
	return p.h.Call("GET", "/v1/sessions/"+p.session+"/code", p.Token, nil)
}

// Leave closes the page.
func (p *Passenger) Leave() Answer {
	p.h.T.Helper()
	return p.Call("POST", "/leave", Object{})
}

// TryView has a person who is not logged in return to their credential.
func (h *Harness) TryView(who Person, evidence string) Answer {
	h.T.Helper()
	return h.Call("POST", "/v1/viewings", "", Object{
		"name": who.Name, "document_type": who.DocumentType, "document_number": who.DocumentNumber, "evidence": evidence, "policy": Policy})
}

// View comes back with a face check that passes, and returns the check.
func (h *Harness) View(who Person) (p *Passenger, check string) {
	h.T.Helper()
	out := As[struct {
		Token       string `json:"access_token"`
		Check       string
		Application Standing
	}](h.T, h.TryView(who, FacePasses), http.StatusCreated)
	return &Passenger{h: h, Person: who, Token: out.Token, Standing: out.Application}, out.Check
}
