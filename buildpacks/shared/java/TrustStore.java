import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.InputStream;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;

/** `java TrustStore.java BUNDLE.pem STORE`: the authorities that the machine trusts, in the form that Java reads. */
public class TrustStore {
    public static void main(String[] args) throws Exception {
        KeyStore store = KeyStore.getInstance("JKS");
        store.load(null, null);
        int number = 0;
        try (InputStream bundle = new FileInputStream(args[0])) {
            for (Certificate each : CertificateFactory.getInstance("X.509").generateCertificates(bundle)) {
                store.setCertificateEntry("authority-" + number++, each);
            }
        }
        try (FileOutputStream file = new FileOutputStream(args[1])) {
            store.store(file, "changeit".toCharArray());
        }
    }
}
