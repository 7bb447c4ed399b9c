package bundle

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"slices"

	"github.com/railgate/railgate/passage"
	"github.com/railgate/railgate/tokens"
)

// MaxOwn bounds the scans that a verifier remembers and has not uploaded. When it is reached, further scans that
// leave a passage are judged as at a gateway whose table is full.
const MaxOwn = 10_000

// Upload is a scan to report when there is a network, as POST /v1/checks takes it.
type Upload struct {
	Code  string
	Scope tokens.Scope
	AtMS  int64
	Key   string // the same whenever the scan is reported
	own   passage.Passage
	sent  bool
}

// remember keeps a scan to be uploaded.
func (v *Verifier) remember(t *tokens.Token, s *Scan, way passage.Way, at int64) {
	if len(v.own) >= MaxOwn {
		return
	}
	v.own = append(v.own, Upload{Code: string(s.Text), Scope: s.Scope, AtMS: at, Key: UploadKey(v.policy.Device, s.Text, at),
		own: passage.Passage{Serial: t.Serial(), Start: t.Start(), Step: uint8(t.Step()), Way: way, At: at, Station: v.policy.Station, Device: v.policy.Device}})
}

// UploadKey names a scan of a device: 32 hex digits of SHA-256 over device, time and code. A device that sends
// the same scan twice, even after it lost its memory of the first time, gives it the same key.
func UploadKey(device string, code []byte, atMS int64) string {
	var w writer
	w.bytes([]byte("railgate/upload/v1"))
	w.text(device)
	w.b = binary.BigEndian.AppendUint64(w.b, uint64(atMS))
	sum := sha256.Sum256(append(w.b, code...))
	return hex.EncodeToString(sum[:16])
}

// Pending returns the scans that were not uploaded yet, oldest first, at most n.
func (v *Verifier) Pending(n int) (list []Upload) {
	for _, u := range v.own {
		if !u.sent && len(list) < n {
			list = append(list, u)
		}
	}
	return list
}

// Uploaded notes that the gateway answered for scans with these keys. They still refuse second uses until their
// window is over.
func (v *Verifier) Uploaded(keys ...string) {
	for i := range v.own {
		v.own[i].sent = v.own[i].sent || slices.Contains(keys, v.own[i].Key)
	}
}
