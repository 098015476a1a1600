//! Products that stand in for each other: a message about one of them is not helped by a page about another.

/// Families of products of which an installation has one; a line: a product and its other names.
const FAMILIES: &[&[&[&str]]] = &[
    // Managed and small Kubernetes.
    &[
        &["eks"],
        &["aks"],
        &["gke"],
        &["iks", "armada"],
        &["microk8s"],
        &["minikube"],
        &["k3s", "k3d"],
        &["openshift", "roks", "ocp"],
        &["rke", "rke2"],
        &["doks"],
        &["oke"],
    ],
    // Clouds.
    &[
        &["aws", "amazon"],
        &["azure"],
        &["gcp"],
        &["digitalocean"],
        &["hetzner"],
        &["alibaba", "aliyun"],
    ],
    // Databases.
    &[
        &["postgres", "postgresql", "psql", "psycopg2", "supabase"],
        &["mysql", "mariadb"],
        &["mongodb", "mongo"],
        &["mssql", "sqlserver"],
        &["oracle"],
        &["cassandra"],
        &["cockroachdb", "crdb"],
    ],
    // Brokers.
    &[
        &["kafka"],
        &["rabbitmq"],
        &["nats"],
        &["activemq", "amazonmq"],
        &["pulsar"],
        &["mosquitto", "emqx"],
    ],
    // Proxies.
    &[
        &["nginx"],
        &["haproxy"],
        &["traefik"],
        &["envoy", "istio"],
        &["caddy"],
        &["apache", "httpd"],
    ],
];

/// A product, by its family and its place in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Product {
    family: u8,
    member: u8,
}

/// The product that a word names.
pub(super) fn named(word: &str) -> Option<Product> {
    if !(3..=12).contains(&word.len()) {
        return None;
    }
    (0_u8..).zip(FAMILIES).find_map(|(family, products)| {
        let members = (0_u8..).zip(products.iter());
        let mut meant = members.filter(|(_, names)| names.iter().any(|name| name.eq_ignore_ascii_case(word)));
        meant.next().map(|(member, _)| Product { family, member })
    })
}

/// Whether two texts are about different products of one family: neither names one of the other's.
pub(super) fn differ(these: &[Product], those: &[Product]) -> bool {
    let families = |family: u8| {
        let of = |products: &[Product]| -> Vec<u8> {
            let own = products.iter().filter(|product| product.family == family);
            own.map(|product| product.member).collect()
        };
        (of(these), of(those))
    };
    (0..FAMILIES.len() as u8).map(families).any(|(these, those)| {
        !these.is_empty() && !those.is_empty() && !these.iter().any(|member| those.contains(member))
    })
}

#[cfg(test)]
mod tests {
    use super::{Product, differ, named};

    #[test]
    fn products_of_one_family_differ() {
        let about = |text: &str| -> Vec<Product> { text.split(' ').filter_map(named).collect() };
        for (these, those, expected) in [
            ("kubectl on aks says", "the eks api", true),
            ("aks and eks both", "the eks api", false),
            ("kubectl says", "the eks api", false),
            ("kafka on aks", "nginx on aks", false),
            ("psql gives up", "mysql is gone", true),
        ] {
            assert_eq!(differ(&about(these), &about(those)), expected, "{these} / {those}");
        }
    }
}
