package loadtest

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/railgate/railgate/tokens"
)

const (
	allowBody = `{"verdict":"allow","reason":"ok","class":"ok","subject":"0123456789abcdef","serial":"20494-17","scopes":["sale","entry"],"seconds_left":1711,"revocation":{"state":"fresh","flagged":false,"age_ms":312,"watermark_ms":1770681600123}}`
	denyBody  = `{"verdict":"deny","reason":"code_stale","class":"passenger","text":{"en":"This \"code\" is old.","zh":"二维码已过期"},"revocation":{"state":"booting","flagged":false,"age_ms":-1,"watermark_ms":0}}`
)

func TestBothVerdictsAreParsed(t *testing.T) {
	var a answer
	if err := a.parse([]byte(allowBody)); err != nil {
		t.Fatal(err)
	}
	if !a.allow || a.reason != tokens.ReasonOK || string(a.subject) != "0123456789abcdef" || string(a.serial) != "20494-17" ||
		a.scopes != tokens.Scopes(tokens.Sale|tokens.Entry) || a.secondsLeft != 1711 || string(a.state) != "fresh" || a.ageMS != 312 {
		t.Errorf("parsed as %+v", a)
	}
	if err := a.parse([]byte(" " + strings.ReplaceAll(denyBody, ",", ",\n ") + "\n")); err != nil {
		t.Fatal(err)
	}
	if a.allow || a.reason != tokens.ReasonStale || string(a.class) != "passenger" || a.ageMS != -1 || a.serial != nil {
		t.Errorf("parsed as %+v", a)
	}
}

const (
	usedOnce = `,"passback":{"state":"exact","result":"first","flagged":false,"age_ms":0}`
	noTicket = `,"ticket":{"state":"none","flagged":true}`
	seated   = `,"ticket":{"state":"held","flagged":false,"train":"G101","departs_at":1770685200,"coach":"05","seat":"无\"座"}`
)

// with returns a verdict with further parts at its end.
func with(body, parts string) string { return strings.TrimSuffix(body, "}") + parts + "}" }

func TestVerdictsBeyondTheCodeAreParsed(t *testing.T) {
	for _, parts := range []string{usedOnce, noTicket, seated, usedOnce + seated + `,"receipt":"UkdSMQ=="`} {
		for _, body := range []string{allowBody, denyBody} {
			var a answer
			if err := a.parse([]byte(with(body, parts))); err != nil {
				t.Errorf("%s: %v", parts, err)
			}
		}
	}
	used := with(strings.Replace(strings.Replace(denyBody, "code_stale", "already_used", 1), "passenger", "fraud", 1), usedOnce)
	for _, c := range []struct {
		body string
		want tokens.Reason
	}{{used, tokens.ReasonUsedElsewhere}, {strings.Replace(used, "fraud", "passenger", 1), tokens.ReasonUsed}} {
		var a answer
		if err := a.parse([]byte(c.body)); err != nil || a.reason != c.want {
			t.Errorf("%s: %v, %v", c.body, a.reason, err)
		}
	}
	var a answer
	flagged := strings.Replace(strings.Replace(usedOnce, "first", "used", 1), `false,"age_ms":0`, `true,"age_ms":1712`, 1)
	if err := a.parse([]byte(with(allowBody, flagged+noTicket))); err != nil || a.passback != passbackExact || a.result != resultUsed ||
		!a.passbackFlagged || a.passbackMS != 1712 || a.ticket != ticketMissing {
		t.Errorf("parsed as %+v, %v", a, err)
	}
	if err := a.parse([]byte(with(allowBody, seated))); err != nil || a.ticket != ticketHeld || a.passback != passbackNone || a.result != resultNone {
		t.Errorf("parsed as %+v, %v", a, err)
	}
	for _, c := range []struct {
		parts, from, to string
		want            error
	}{
		{usedOnce, "exact", "exakt", errAnswerUse}, {usedOnce, "first", "", errAnswerUse}, {seated, "held", "sold", errAnswerUse},
		{usedOnce, `false`, `0`, errAnswerJSON}, {seated, "held", "none", errAnswerMissing}, {noTicket, "none", "late", errAnswerMissing},
	} {
		if err := a.parse([]byte(with(allowBody, strings.Replace(c.parts, c.from, c.to, 1)))); err != c.want {
			t.Errorf("%s with %s for %s: %v, want %v", c.parts, c.to, c.from, err, c.want)
		}
	}
	for _, part := range []string{`,"result":"first"`, `"state":"exact",`, `,"flagged":false`, `,"age_ms":0`, `,"seat":"无\"座"`, `,"departs_at":1770685200`} {
		body := strings.Replace(with(denyBody, usedOnce+seated), part, "", 1)
		if part == `,"flagged":false` { // the first one is that of the revocation data
			body = with(denyBody, strings.Replace(usedOnce, part, "", 1))
		}
		var a answer
		if err := a.parse([]byte(body)); err == nil {
			t.Errorf("accepted without %s: %s", part, body)
		}
	}
}

func TestAnswerOutsideTheContractIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want error
	}{
		"empty":                  {"", errAnswerTooShort},
		"not an object":          {"[]", errAnswerJSON},
		"cut":                    {allowBody[:len(allowBody)-1], errAnswerTooShort},
		"something after":        {allowBody + "{}", errAnswerJSON},
		"zero byte after":        {allowBody + "\x00", errAnswerJSON},
		"unknown field":          {strings.Replace(allowBody, `"class"`, `"klass"`, 1), errAnswerField},
		"inner field outside":    {strings.Replace(allowBody, `{"verdict"`, `{"en":"x","verdict"`, 1), errAnswerField},
		"field twice":            {strings.Replace(allowBody, `{"verdict"`, `{"reason":"ok","verdict"`, 1), errAnswerTwice},
		"missing class":          {strings.Replace(allowBody, `"class":"ok",`, ``, 1), errAnswerMissing},
		"missing age":            {strings.Replace(allowBody, `"age_ms":312,`, ``, 1), errAnswerMissing},
		"allow with text":        {strings.Replace(allowBody, `"class"`, `"text":{"en":"a","zh":"b"},"class"`, 1), errAnswerMissing},
		"deny with serial":       {strings.Replace(denyBody, `"class"`, `"serial":"1-1","class"`, 1), errAnswerMissing},
		"deny without text":      {strings.Replace(denyBody, `"text":{"en":"This \"code\" is old.","zh":"二维码已过期"},`, ``, 1), errAnswerMissing},
		"deny in one language":   {strings.Replace(denyBody, `,"zh":"二维码已过期"`, ``, 1), errAnswerMissing},
		"deny with empty text":   {strings.Replace(denyBody, `二维码已过期`, ``, 1), errAnswerEmpty},
		"unknown verdict":        {strings.Replace(allowBody, `allow`, `maybe`, 1), errAnswerVerdict},
		"deny ok":                {strings.Replace(denyBody, `code_stale`, `ok`, 1), errAnswerVerdict},
		"allow with a denial":    {strings.Replace(allowBody, `"reason":"ok"`, `"reason":"revoked"`, 1), errAnswerVerdict},
		"unknown reason":         {strings.Replace(denyBody, `code_stale`, `tired`, 1), errAnswerReason},
		"unknown scope":          {strings.Replace(allowBody, `"entry"`, `"bar"`, 1), errAnswerScope},
		"scope twice":            {strings.Replace(allowBody, `"entry"`, `"sale"`, 1), errAnswerTwice},
		"unknown state":          {strings.Replace(allowBody, `fresh`, `ripe`, 1), errAnswerState},
		"number with a fraction": {strings.Replace(allowBody, `1711`, `1711.5`, 1), errAnswerJSON},
		"number with a zero":     {strings.Replace(allowBody, `1711`, `01711`, 1), errAnswerJSON},
		"number too long":        {strings.Replace(allowBody, `1711`, `1111111111111111111`, 1), errAnswerJSON},
		"flagged is a text":      {strings.Replace(allowBody, `false`, `"false"`, 1), errAnswerJSON},
		"missing flagged":        {strings.Replace(allowBody, `"flagged":false,`, ``, 1), errAnswerMissing},
		"bare minus":             {strings.Replace(allowBody, `1711`, `-`, 1), errAnswerJSON},
		"line break in a text":   {strings.Replace(denyBody, `old.`, "old\n.", 1), errAnswerJSON},
	} {
		var a answer
		err := a.parse([]byte(c.text))
		if err != c.want {
			t.Errorf("%s: got %v, expected %v", name, err, c.want)
		}
	}
}

func FuzzAnswer(f *testing.F) {
	f.Add([]byte(allowBody))
	f.Add([]byte(denyBody))
	f.Add([]byte(with(denyBody, usedOnce+seated)))
	f.Fuzz(func(t *testing.T, body []byte) {
		var a answer
		if a.parse(body) != nil {
			return
		}
		// An accepted body is JSON, except that escapes and UTF-8 are not checked.
		if !json.Valid(body) && !strings.ContainsRune(string(body), '\\') {
			t.Errorf("accepted although it is not JSON: %q", body)
		}
		if a.allow != (a.reason == tokens.ReasonOK) {
			t.Error("verdict and reason contradict each other")
		}
	})
}
