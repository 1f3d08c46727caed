#!/bin/bash
# node.sh HERE RUN NODE: the first process of the cluster, in namespaces of its own; ending it ends everything. Started
# by kubernetes-cluster.mjs, which gives PATH, makes the link kns0, and writes RUN/answers when the API server does.
here=$1 run=$2 node=$3 log=$2/log pki=$2/pki address=10.98.0.2
mkdir -p "$log" /run
hostname node1; mount --make-rprivate /; mount -t proc proc /proc
# What is written outside the run's folder goes with it, too.
for folder in var/lib var/log etc opt; do
  mkdir -p "$run/over/$folder/upper" "$run/over/$folder/work"
  mount -t overlay overlay -o "lowerdir=/$folder,upperdir=$run/over/$folder/upper,workdir=$run/over/$folder/work" "/$folder"
done
mount -t tmpfs tmpfs /run; mkdir -p /run/containerd
mount --make-rshared /
ip link set lo up; until ip link show kns0 >/dev/null 2>&1; do sleep 0.02; done
ip address add $address/30 dev kns0; ip link set kns0 up; ip route add default via 10.98.0.1
echo 1 >/proc/sys/net/ipv4/ip_forward
[ ! -e /proc/sys/net/bridge/bridge-nf-call-iptables ] || echo 1 >/proc/sys/net/bridge/bridge-nf-call-iptables
echo 0 >/proc/sys/net/ipv6/conf/all/accept_dad
echo "$address node1" >>/etc/hosts

start() { local name=$1; shift; "$@" >"$log/$name.log" 2>&1 & echo "$name $!" >>"$run/processes"; }

# The data goes with the cluster, and no test waits for a disk.
start etcd etcd --name n --data-dir /run/etcd --listen-client-urls http://127.0.0.1:2379 --advertise-client-urls http://127.0.0.1:2379 \
  --listen-peer-urls http://127.0.0.1:2380 --initial-advertise-peer-urls http://127.0.0.1:2380 --initial-cluster n=http://127.0.0.1:2380
start apiserver kube-apiserver --etcd-servers=http://127.0.0.1:2379 --bind-address=0.0.0.0 --secure-port=6443 --advertise-address=$address \
  --service-cluster-ip-range=10.96.0.0/16 --authorization-mode=Node,RBAC --enable-admission-plugins=NodeRestriction --allow-privileged=true \
  --client-ca-file="$pki/ca.crt" --tls-cert-file="$pki/apiserver.crt" --tls-private-key-file="$pki/apiserver.key" \
  --kubelet-certificate-authority="$pki/ca.crt" --kubelet-client-certificate="$pki/apiserver-kubelet.crt" \
  --kubelet-client-key="$pki/apiserver-kubelet.key" --kubelet-preferred-address-types=InternalIP \
  --service-account-key-file="$pki/sa.pub" --service-account-signing-key-file="$pki/sa.key" \
  --service-account-issuer=https://kubernetes.default.svc.cluster.local --requestheader-client-ca-file="$pki/front-ca.crt" \
  --requestheader-allowed-names=front-proxy-client --requestheader-username-headers=X-Remote-User \
  --requestheader-group-headers=X-Remote-Group --requestheader-extra-headers-prefix=X-Remote-Extra- \
  --proxy-client-cert-file="$pki/front.crt" --proxy-client-key-file="$pki/front.key" --enable-aggregator-routing=true --v=1
start containerd containerd -c "$run/conf/containerd.toml"
until [ -f "$run/answers" ]; do sleep 0.05; done

as() { local config="$pki/$1.kubeconfig"; echo "--kubeconfig=$config --authentication-kubeconfig=$config --authorization-kubeconfig=$config --leader-elect=false --bind-address=127.0.0.1"; }
# shellcheck disable=SC2046
start controllers kube-controller-manager $(as controllers) --service-account-private-key-file="$pki/sa.key" --root-ca-file="$pki/ca.crt" \
  --cluster-signing-cert-file="$pki/ca.crt" --cluster-signing-key-file="$pki/ca.key" --use-service-account-credentials=true \
  --allocate-node-cidrs=true --cluster-cidr=10.97.0.0/16 --service-cluster-ip-range=10.96.0.0/16 --kube-api-qps=1000 \
  --kube-api-burst=2000 --node-monitor-grace-period=20s
# shellcheck disable=SC2046
start scheduler kube-scheduler $(as scheduler)

containers="ctr -a /run/containerd/containerd.sock -n k8s.io"
until $containers version >/dev/null 2>&1; do sleep 0.05; done
# The store outlives the cluster; its containers do not.
$containers containers ls -q | xargs -r $containers containers rm >"$log/store.log" 2>&1
if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
  mkdir -p /sys/fs/cgroup/hearth-kubernetes
  for controller in $(cat /sys/fs/cgroup/cgroup.controllers); do echo "+$controller" >/sys/fs/cgroup/cgroup.subtree_control; done 2>/dev/null
else
  for hierarchy in /sys/fs/cgroup/*/; do case $hierarchy in *unified*) ;; *) mkdir -p "$hierarchy/hearth-kubernetes" ;; esac; done
  for file in cpuset.cpus cpuset.mems; do cat "/sys/fs/cgroup/cpuset/$file" >"/sys/fs/cgroup/cpuset/hearth-kubernetes/$file"; done
fi
start kubelet kubelet --config="$run/conf/kubelet.yaml" --kubeconfig="$pki/kubelet.kubeconfig" --hostname-override=node1 \
  --node-ip=$address --root-dir=/var/lib/kubelet
start proxy kube-proxy --config="$run/conf/proxy.yaml"
start agent "$node" "$here/agent.mjs" "$pki/admin.kubeconfig" "$run/volumes"
while :; do sleep 3600 & wait $!; done
