package main

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/railgate/railgate/issuance"
	"github.com/railgate/railgate/test/idnumber"
	"github.com/railgate/railgate/tokens"
)

// phone is a passenger's app: it applies, passes the face check, opens
// sessions and shows codes.
type phone struct {
	house       *house
	application string
	access      string
	serial      string
	took        time.Duration // of the last call

	pass  tokens.SignedPass
	links []tokens.Link
	start int64
}

// sandbox says what the sandbox provider shall answer; no face is checked here.
type sandbox string

const (
	facePasses sandbox = "sandbox:pass"
	faceFails  sandbox = "sandbox:fail"
)

// testID is a well-formed resident ID number that can belong to nobody alive.
func testID(n int) string {
	return idnumber.Complete(fmt.Sprintf("110105190001%02d%03d", 1+n%28, n))
}

// refused is an answer of the issuer that was not the wanted one.
type refused struct {
	call   string
	status int
	code   string // of the problem
}

func (r *refused) Error() string {
	return fmt.Sprintf("%s was answered with %d %s", r.call, r.status, r.code)
}

// do makes a call that must answer with the wanted status.
func (p *phone) do(method, path string, in, out any, want int) error {
	var answer json.RawMessage
	status, took, err := call(method, p.house.issuer+path, p.access, in, &answer)
	p.took = took
	switch {
	case err != nil:
		return err
	case status != want:
		var why problem
		json.Unmarshal(answer, &why)
		return &refused{method + " " + path, status, why.Code}
	}
	return json.Unmarshal(answer, out)
}

// form is an application of a made-up test passenger.
func form(n int, documentType string) map[string]any {
	return map[string]any{"name": "测试旅客", "document_type": documentType, "document_number": testID(n),
		"city": "北京", "location": map[string]float64{"latitude": 39.865, "longitude": 116.378},
		"policy": issuance.DefaultPolicy}
}

func (p *phone) apply(n int) error {
	p.access = "" // it opens another application; who applies needs none
	var out struct {
		Application string
		AccessToken string `json:"access_token"`
	}
	err := p.do("POST", "/v1/applications", form(n, "resident_id"), &out, http.StatusCreated)
	p.application, p.access = out.Application, out.AccessToken
	return err
}

func (p *phone) path(rest string) string { return "/v1/applications/" + p.application + rest }

// faceCheck passes a real-person check; the first one approves the application.
func (p *phone) faceCheck() (check string, err error) {
	var out struct {
		Check       string
		Application struct{ Serial string }
	}
	err = p.do("POST", p.path("/checks"), map[string]any{"evidence": facePasses}, &out, http.StatusCreated)
	if err != nil {
		return "", err
	}
	p.serial = out.Application.Serial
	return out.Check, nil
}

// openSession passes a face check and opens a session whose seed never leaves the phone.
func (p *phone) openSession() error {
	check, err := p.faceCheck()
	if err != nil {
		return err
	}
	serial, err := tokens.ParseSerial(p.serial)
	if err != nil {
		return err
	}
	var seed tokens.Link
	rand.Read(seed[:])
	anchor, links := tokens.Chain(seed, serial, tokens.Length)
	var out struct {
		Pass    string
		StartAt int64 `json:"start_at"`
	}
	err = p.do("POST", p.path("/sessions"), map[string]any{"check": check, "mode": "anchor", "anchor": hex.EncodeToString(anchor[:])},
		&out, http.StatusCreated)
	if err != nil {
		return err
	}
	pass, err := hex.DecodeString(out.Pass)
	if err != nil || len(pass) != tokens.PassSize {
		return fmt.Errorf("the issuer sent a pass of %d bytes", len(pass))
	}
	p.pass, p.links, p.start = tokens.SignedPass(pass), links, out.StartAt
	return nil
}

// step is the period that the phone is in.
func (p *phone) step() int { return int(p.house.clock.now().Unix()-p.start) / tokens.Period }

// code is what the phone shows in a step.
func (p *phone) code(step int) tokens.Token {
	return tokens.Assemble(&p.pass, uint8(step), p.links[step])
}

// hosted opens a session whose seed the issuer keeps, for phones that cannot,
// and returns its path.
func (p *phone) hosted() (path string, err error) {
	check, err := p.faceCheck()
	if err != nil {
		return "", err
	}
	var out struct{ Session string }
	err = p.do("POST", p.path("/sessions"), map[string]any{"check": check, "mode": "hosted"}, &out, http.StatusCreated)
	return "/v1/sessions/" + out.Session + "/code", err
}

// shown is the current code of a hosted session.
type shown struct {
	Text   string
	Step   int
	NextAt int64 `json:"next_at"`
	EndsAt int64 `json:"session_ends_at"`
}

func (p *phone) show(path string) (s shown, err error) {
	err = p.do("GET", path, nil, &s, http.StatusOK)
	return s, err
}
