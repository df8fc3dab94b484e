<?php
// Sets WordPress up as its installer would, with three people, and prints their application passwords as JSON.
$folder = getenv('TL_FOLDER');
$database = mysqli_init();
$database->real_connect('localhost', 'root', '', '', 0, "$folder/db");
$database->query('CREATE DATABASE wordpress CHARACTER SET utf8mb4');
$settings = json_decode(file_get_contents("$folder/settings.json"), true);
$url = $settings['url'];
$_SERVER['HTTP_HOST'] = parse_url($url, PHP_URL_HOST) . ':' . parse_url($url, PHP_URL_PORT);
$_SERVER['SERVER_NAME'] = '127.0.0.1';
$_SERVER['REQUEST_URI'] = '/';
$_SERVER['REQUEST_METHOD'] = 'GET';
define('WP_INSTALLING', true);
define('WP_DEFAULT_THEME', 'plain');
require "$folder/site/wp-load.php";
require ABSPATH . 'wp-admin/includes/upgrade.php';
function wp_new_blog_notification(...$_) {}
wp_install('A site', 'admin', 'admin@example.com', true, '', bin2hex(random_bytes(12)));
update_option('permalink_structure', '/%postname%/');
switch_theme('plain');
$wp_rewrite->init();
$wp_rewrite->flush_rules(false);
$passwords = [];
foreach (['admin' => 'administrator', 'editor' => 'editor', 'author' => 'author'] as $name => $role) {
    $user = get_user_by('login', $name);
    $id = $user ? $user->ID : wp_insert_user(
        ['user_login' => $name, 'user_pass' => bin2hex(random_bytes(12)), 'role' => $role, 'user_email' => "$name@example.com"]
    );
    [$passwords[$name]] = WP_Application_Passwords::create_new_application_password($id, ['name' => 'tests']);
}
// An old site, whose tables were made before MySQL's utf8 could hold all characters.
if ($settings['charset'] !== 'utf8mb4') {
    foreach ($wpdb->get_col('SHOW TABLES') as $table) {
        $wpdb->query("ALTER TABLE `$table` CONVERT TO CHARACTER SET {$settings['charset']}");
    }
}
echo "\n" . json_encode($passwords) . "\n";
