package tokens

import "github.com/railgate/railgate/tokens/internal/links"

// FieldAt is the position of a field on the wire.
type FieldAt struct{ Offset, Size int }

// Layout exports the field offsets to tests, by their names in docs/token-format.md.
var Layout = map[string]FieldAt{
	"version":   {offVersion, offKey - offVersion},
	"key":       {offKey, offDay - offKey},
	"day":       {offDay, offIndex - offDay},
	"index":     {offIndex, offSubject - offIndex},
	"subject":   {offSubject, offStart - offSubject},
	"start":     {offStart, offExpiry - offStart},
	"expiry":    {offExpiry, offPeriod - offExpiry},
	"period":    {offPeriod, offLength - offPeriod},
	"length":    {offLength, offScopes - offLength},
	"scopes":    {offScopes, offAnchor - offScopes},
	"anchor":    {offAnchor, offSig - offAnchor},
	"signature": {offSig, offStep - offSig},
	"step":      {offStep, offLink - offStep},
	"link":      {offLink, TokenSize - offLink},
}

// LinkDomain is the domain of the link hash.
const LinkDomain = links.Domain
