package store

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/tokens"
)

// A payload is the part of a record that depends on its kind, big-endian:
// day (2) and index (4) for a serial; key id (2) and public key (32); key id
// (2) and cut-off (4). It lives in this database only; the stream has its own form.

var errPayload = errors.New("record is not readable")

const (
	serialSize = 6
	keySize    = 2 + tokens.PublicKeySize
	retireSize = 6
)

func encodePayload(r *revocation.Record) ([]byte, error) {
	switch r.Kind {
	case revocation.KindRevoke, revocation.KindUnrevoke:
		return binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint16(nil, r.Serial.Day), r.Serial.Index), nil
	case revocation.KindAnnounceKey:
		return append(binary.BigEndian.AppendUint16(nil, uint16(r.Key)), r.Public[:]...), nil
	case revocation.KindRetireKey:
		return binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint16(nil, uint16(r.Key)), uint32(r.CutOff)), nil
	}
	return nil, fmt.Errorf("outbox: kind %d cannot be kept", r.Kind)
}

func decodePayload(kind revocation.Kind, p []byte) (r revocation.Record, err error) {
	r.Kind = kind
	switch {
	case (kind == revocation.KindRevoke || kind == revocation.KindUnrevoke) && len(p) == serialSize:
		r.Serial = tokens.Serial{Day: binary.BigEndian.Uint16(p), Index: binary.BigEndian.Uint32(p[2:])}
	case kind == revocation.KindAnnounceKey && len(p) == keySize:
		r.Key, r.Public = tokens.KeyID(binary.BigEndian.Uint16(p)), [tokens.PublicKeySize]byte(p[2:])
	case kind == revocation.KindRetireKey && len(p) == retireSize:
		r.Key, r.CutOff = tokens.KeyID(binary.BigEndian.Uint16(p)), int64(binary.BigEndian.Uint32(p[2:]))
	default:
		return r, errPayload
	}
	return r, nil
}
