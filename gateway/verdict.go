package gateway

import (
	"encoding/hex"
	"encoding/json"
	"strconv"

	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/tokens"
)

// A denial is constant up to the freshness, and the end of every verdict is constant
// up to two numbers: these parts are rendered once, at start.
var (
	denials = func() [][]byte {
		parts := make([][]byte, len(tokens.Reasons()))
		for i, r := range tokens.Reasons() {
			en, zh := r.Text()
			text, err := json.Marshal(struct {
				EN string `json:"en"`
				ZH string `json:"zh"`
			}{en, zh})
			if err != nil {
				panic("BUG: a reason's text is not JSON: " + err.Error())
			}
			parts[i] = []byte(`{"verdict":"deny","reason":"` + r.String() + `","class":"` + r.Class().String() + `","text":` + string(text))
		}
		return parts
	}()

	// scopeLists holds the JSON list of every possible set of scopes.
	scopeLists = func() (lists [256][]byte) {
		for set := range lists {
			list, err := json.Marshal(tokens.Scopes(set).Names())
			if err != nil {
				panic("BUG: scope names are not JSON: " + err.Error())
			}
			lists[set] = list
		}
		return lists
	}()

	freshnessHeads = func() (heads [revocation.Suspect + 1][actionCount][]byte) {
		for s := range heads {
			for a := range heads[s] {
				heads[s][a] = []byte(`,"revocation":{"state":"` + revocation.State(s).String() +
					`","flagged":` + strconv.FormatBool(Action(a) == Flag) + `,"age_ms":`)
			}
		}
		return heads
	}()
)

// appendVerdict renders the answer to a check, up to its last brace: what was checked beyond the code follows.
// It includes the claims of the pass
// only in an allow: nothing in a denied code is proven.
func appendVerdict(dst []byte, t *tokens.Token, reason tokens.Reason, f revocation.Freshness, a Action, now int64) []byte {
	if reason == tokens.ReasonOK {
		dst = append(dst, `{"verdict":"allow","reason":"ok","class":"ok","subject":"`...)
		subject := t.Subject()
		dst = hex.AppendEncode(dst, subject[:])
		dst = append(dst, `","serial":"`...)
		serial := t.Serial()
		dst = strconv.AppendUint(dst, uint64(serial.Day), 10)
		dst = append(dst, '-')
		dst = strconv.AppendUint(dst, uint64(serial.Index), 10)
		dst = append(dst, `","scopes":`...)
		dst = append(dst, scopeLists[t.Scopes()]...)
		dst = append(dst, `,"seconds_left":`...)
		dst = strconv.AppendInt(dst, t.SecondsLeft(now), 10)
	} else {
		dst = append(dst, denials[reason]...)
	}
	dst = append(dst, freshnessHeads[f.State][a]...)
	dst = strconv.AppendInt(dst, f.AgeMS, 10)
	dst = append(dst, `,"watermark_ms":`...)
	dst = strconv.AppendInt(dst, f.WatermarkMS, 10)
	return append(dst, '}')
}
