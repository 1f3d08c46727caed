#!/bin/bash
# pki.sh FOLDER ADDRESS: keys, certificates and kubeconfigs of a cluster that lives for one test run.
set -euo pipefail
umask 077
mkdir -p "$1"; cd "$1"
key() { openssl ecparam -name prime256v1 -genkey -noout -out "$1.key"; }
ca() { key "$1"; openssl req -x509 -new -key "$1.key" -subj "/CN=$1" -days 3650 -out "$1.crt"; }
signed() { # NAME SUBJECT [ALTERNATIVE_NAMES [CA]]
  key "$1"; openssl req -new -key "$1.key" -subj "$2" -out "$1.csr"
  { printf 'keyUsage=critical,digitalSignature,keyEncipherment\nextendedKeyUsage=serverAuth,clientAuth\n'
    if [ -n "${3:-}" ]; then echo "subjectAltName=$3"; fi; } >"$1.ext"
  openssl x509 -req -in "$1.csr" -CA "${4:-ca}.crt" -CAkey "${4:-ca}.key" -CAcreateserial -days 3650 -extfile "$1.ext" -out "$1.crt" 2>&1
}
ca ca; ca front-ca
signed apiserver /CN=kube-apiserver "DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,DNS:kubernetes.default.svc.cluster.local,DNS:localhost,IP:127.0.0.1,IP:10.96.0.1,IP:$2"
signed admin /O=system:masters/CN=admin
signed apiserver-kubelet /O=system:masters/CN=apiserver-kubelet
signed controllers /CN=system:kube-controller-manager
signed scheduler /CN=system:kube-scheduler
signed proxy /CN=system:kube-proxy
signed kubelet /O=system:nodes/CN=system:node:node1
signed kubelet-serving /O=system:nodes/CN=system:node:node1 "DNS:node1,IP:$2"
signed front /CN=front-proxy-client "" front-ca
openssl genrsa -out sa.key 2048; openssl rsa -in sa.key -pubout -out sa.pub
for user in admin controllers scheduler proxy kubelet; do cat >"$user.kubeconfig" <<K
apiVersion: v1
kind: Config
clusters: [{name: hearth-test, cluster: {server: "https://$2:6443", certificate-authority-data: $(base64 -w0 ca.crt)}}]
users: [{name: $user, user: {client-certificate-data: $(base64 -w0 $user.crt), client-key-data: $(base64 -w0 $user.key)}}]
contexts: [{name: hearth-test, context: {cluster: hearth-test, user: $user}}]
current-context: hearth-test
K
done
