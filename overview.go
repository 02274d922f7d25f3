package recoup

import (
	"crypto/sha256"
	"encoding/base64"
	"html/template"
	"log/slog"
	"net/http"
)

// overviewStyle is the page's style, of which its policy has the hash.
const overviewStyle = `body{font:16px/1.6 system-ui,sans-serif;margin:0;background:#f6f7f9;color:#1b1f24}
main{max-width:60rem;margin:0 auto;padding:2rem 1rem}
h1{margin:0 0 .25rem}p.lead{margin:0 0 1.5rem;color:#57606a}
table{border-collapse:collapse;width:100%;background:#fff;border:1px solid #d8dee4}
th,td{text-align:left;padding:.5rem .75rem;border-top:1px solid #eaeef2;vertical-align:top}
th{background:#f0f3f6;border-top:0}code{font:14px/1.4 ui-monospace,monospace}
td.name{white-space:nowrap}
@media (max-width:40rem){td.name{white-space:normal;word-break:break-all}}
`

// overviewPolicy lets the page have its style and nothing else, and nobody frame it.
var overviewPolicy = func() string {
	sum := sha256.Sum256([]byte(overviewStyle))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}()

// overviewPage stands where the console and the documentation centre will be.
var overviewPage = template.Must(template.New("overview").Parse(`<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>Recoup</title>
<style>` + overviewStyle + `</style></head><body><main>
<h1>Recoup</h1>
<p class="lead">会员资产与退款核心,兼容淘宝开放平台(TOP)协议。A self-hosted core for member assets and refunds that speaks the TOP protocol.</p>
<p>调用地址 Gateway: <code>{{.Gateway}}</code> · 健康检查 Health: <a href="/livez"><code>/livez</code></a>, <a href="/readyz"><code>/readyz</code></a></p>
<h2>接口 Methods</h2>
<table><tr><th>接口 Method</th><th>名称 Title</th></tr>
{{range .Methods}}<tr><td class="name"><code>{{.Name}}</code></td><td>{{.Zh}}<br>{{.En}}</td></tr>
{{end}}</table>
</main></body></html>
`))

func (n *Node) overview(w http.ResponseWriter, r *http.Request) {
	for name, value := range map[string]string{
		"Content-Type": "text/html; charset=utf-8", "X-Content-Type-Options": "nosniff", "Content-Security-Policy": overviewPolicy,
		"X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer",
	} {
		w.Header().Set(name, value)
	}
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	err := overviewPage.Execute(w, map[string]any{"Gateway": scheme + "://" + r.Host + "/router/rest", "Methods": n.Catalogue.All()})
	if err != nil {
		n.log.WarnContext(r.Context(), "overview page", slog.Any("error", err))
	}
}
