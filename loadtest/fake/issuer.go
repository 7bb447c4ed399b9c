package fake

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/railgate/railgate/tokens"
	"github.com/railgate/railgate/tokens/signing"
)

// application is one passenger's application.
type application struct {
	access, check string
	serial        tokens.Serial
	approved      int64
}

// policy is the current version of the privacy policy.
const policy = "2026-11"

func (w *Servers) issuerHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/privacy-policy", func(out http.ResponseWriter, _ *http.Request) {
		writeJSON(out, http.StatusOK, map[string]any{"version": policy})
	})
	mux.HandleFunc("POST /v1/applications", w.apply)
	mux.HandleFunc("POST /v1/applications/{id}/checks", w.checkPerson)
	mux.HandleFunc("POST /v1/applications/{id}/sessions", w.openSession)
	mux.HandleFunc("POST /v1/credentials/{serial}/revoke", w.revoke)
	return mux
}

func (w *Servers) apply(out http.ResponseWriter, req *http.Request) {
	var in struct {
		Name     string `json:"name"`
		Type     string `json:"document_type"`
		Number   string `json:"document_number"`
		City     string `json:"city"`
		Location *struct {
			Latitude  float64 `json:"latitude"`
			Longitude float64 `json:"longitude"`
		} `json:"location"`
		Policy string `json:"policy"`
	}
	if !readJSON(out, req, &in) {
		return
	}
	if in.Type != "resident_id" || len(in.Number) != 18 || in.Location == nil || in.City == "" || !strings.HasPrefix(in.Name, "测试") {
		writeProblem(out, http.StatusUnprocessableEntity, "application_invalid")
		return
	}
	if in.Policy != policy {
		writeProblem(out, http.StatusConflict, "consent_required")
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.numbers[in.Number] {
		writeProblem(out, http.StatusConflict, "application_too_early")
		return
	}
	w.numbers[in.Number] = true
	id := fmt.Sprintf("app_%032x", len(w.applications))
	w.applications[id] = &application{access: fmt.Sprintf("rga_%064x", len(w.applications))}
	writeJSON(out, http.StatusCreated, map[string]any{"application": id, "status": "submitted", "access_token": w.applications[id].access})
}

// lockApplication returns the application of the access token and locks w.mu, or answers 401.
func (w *Servers) lockApplication(out http.ResponseWriter, req *http.Request) *application {
	w.mu.Lock()
	p := w.applications[req.PathValue("id")]
	if p == nil || req.Header.Get("Authorization") != "Bearer "+p.access {
		w.mu.Unlock()
		writeProblem(out, http.StatusUnauthorized, "access_unknown")
		return nil
	}
	return p
}

func (w *Servers) checkPerson(out http.ResponseWriter, req *http.Request) {
	var in struct {
		Evidence string `json:"evidence"`
	}
	if !readJSON(out, req, &in) {
		return
	}
	if in.Evidence != "sandbox:pass" {
		writeProblem(out, http.StatusUnprocessableEntity, "real_person_check_failed")
		return
	}
	p := w.lockApplication(out, req)
	if p == nil {
		return
	}
	defer w.mu.Unlock()
	now := time.Now().Unix()
	p.check, p.approved = fmt.Sprintf("chk_%032x", w.approvals), now
	p.serial = tokens.Serial{Day: uint16(tokens.DayOf(now)), Index: w.approvals}
	w.approvals++
	writeJSON(out, http.StatusCreated, map[string]any{
		"check": p.check, "expires_at": now + 120,
		"application": map[string]any{"status": "approved", "serial": p.serial.String(), "expires_at": now + tokens.CredentialLife},
	})
}

func (w *Servers) openSession(out http.ResponseWriter, req *http.Request) {
	var in struct {
		Check  string `json:"check"`
		Mode   string `json:"mode"`
		Anchor string `json:"anchor"`
	}
	if !readJSON(out, req, &in) {
		return
	}
	p := w.lockApplication(out, req)
	if p == nil {
		return
	}
	defer w.mu.Unlock()
	anchor, err := hex.DecodeString(in.Anchor)
	if err != nil || len(anchor) != len(tokens.Link{}) || in.Mode != "anchor" || in.Check != p.check {
		writeProblem(out, http.StatusUnprocessableEntity, "session_invalid")
		return
	}
	now := time.Now().Unix()
	pass, err := signing.Pass(w.own.Signer, &tokens.Pass{
		Key: ownKey, Serial: p.serial, Subject: tokens.Subject{1, 2, 3}, Start: now, Expiry: p.approved + tokens.CredentialLife,
		Period: tokens.Period, Length: tokens.Length, Scopes: tokens.AllScopes, Anchor: tokens.Link(anchor),
	})
	if err != nil {
		writeProblem(out, http.StatusInternalServerError, "internal_error")
		return
	}
	writeJSON(out, http.StatusCreated, map[string]any{
		"session": fmt.Sprintf("ses_%032x", p.serial.Index), "pass": hex.EncodeToString(pass[:]), "serial": p.serial.String(),
		"server_time_ms": now * 1000, "start_at": now, "period_seconds": tokens.Period, "length": tokens.Length, "expires_at": p.approved + tokens.CredentialLife,
	})
}

func (w *Servers) revoke(out http.ResponseWriter, req *http.Request) {
	var in struct {
		Reason string `json:"reason"`
	}
	if !readJSON(out, req, &in) {
		return
	}
	serial, err := tokens.ParseSerial(req.PathValue("serial"))
	if err != nil || in.Reason == "" || req.Header.Get("Authorization") != "Bearer "+w.staff {
		writeProblem(out, http.StatusUnauthorized, "staff_unknown")
		return
	}
	if !w.behavior.LoseRevocations {
		w.mu.Lock()
		w.revoked[serial] = true
		w.mu.Unlock()
	}
	writeJSON(out, http.StatusAccepted, map[string]any{"serial": serial.String(), "accepted_at_ms": time.Now().UnixMilli()})
}

// readJSON decodes a request strictly, or answers with a problem.
func readJSON(out http.ResponseWriter, req *http.Request, into any) bool {
	d := json.NewDecoder(req.Body)
	d.DisallowUnknownFields()
	if req.Header.Get("Content-Type") != "application/json" || d.Decode(into) != nil {
		writeProblem(out, http.StatusBadRequest, "body_invalid")
		return false
	}
	return true
}

func writeJSON(out http.ResponseWriter, status int, body any) {
	out.Header().Set("Content-Type", "application/json")
	out.WriteHeader(status)
	json.NewEncoder(out).Encode(body)
}

func writeProblem(out http.ResponseWriter, status int, code string) {
	out.Header().Set("Content-Type", "application/problem+json")
	out.WriteHeader(status)
	json.NewEncoder(out).Encode(map[string]any{"type": "about:blank", "status": status, "code": code})
}
